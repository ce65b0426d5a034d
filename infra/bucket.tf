resource "aws_s3_bucket" "collections" {
  bucket = var.bucket

  # What protects a bucket is destroyed before it, and a bucket that is not empty stays: without its protection. So
  # terraform destroy refuses to begin: README.md says how to remove the rest, or this as well.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "collections" {
  bucket = aws_s3_bucket.collections.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "collections" {
  bucket = aws_s3_bucket.collections.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "collections" {
  bucket = aws_s3_bucket.collections.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "collections" {
  # Rules about versions want versions.
  depends_on = [aws_s3_bucket_versioning.collections]

  bucket = aws_s3_bucket.collections.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }

    noncurrent_version_expiration {
      noncurrent_days = var.old_versions_days
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.collections.arn, "${aws_s3_bucket.collections.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "collections" {
  # Both change the bucket's policy: one after the other.
  depends_on = [aws_s3_bucket_public_access_block.collections]

  bucket = aws_s3_bucket.collections.id
  policy = data.aws_iam_policy_document.tls_only.json
}
