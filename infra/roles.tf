# Each role with the least that works.

locals {
  account    = data.aws_caller_identity.current.account_id
  arn_prefix = "arn:${data.aws_partition.current.partition}"
  # Secrets of this bucket: Twitter's keys, control secrets, Honeybadger's keys.
  parameters = "${local.arn_prefix}:ssm:${var.region}:${local.account}:parameter/twarc-cloud/${var.bucket}"
  # Names in ECS have no dots.
  bucket           = replace(var.bucket, ".", "-")
  ecs              = "${local.arn_prefix}:ecs:${var.region}:${local.account}"
  task_definitions = "${local.ecs}:task-definition/twarc-cloud_${local.bucket}_*"
  tasks            = "${local.ecs}:task/${var.name}/*"
  services         = "${local.ecs}:service/${var.name}/${local.bucket}_*"
}

data "aws_iam_policy_document" "assume_tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# What a harvester may do.
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.assume_tasks.json
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "Collections"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.collections.arn}/collections/*"]
  }

  # What the bucket is: a copy of another one is not harvested.
  statement {
    sid       = "Identity"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.collections.arn}/twarc-cloud.json"]
  }

  statement {
    sid       = "Listing"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.collections.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["collections/*"]
    }
  }

  statement {
    sid       = "Keys"
    actions   = ["ssm:GetParameter"]
    resources = ["${local.parameters}/keys/*"]
  }

  # A stream that has come to its limit has its service start no other task.
  statement {
    sid       = "OwnService"
    actions   = ["ecs:UpdateService"]
    resources = [local.services]
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "harvest"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

# What ECS may do to start one.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.assume_tasks.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.harvester.arn}:*"]
  }

  statement {
    sid       = "Secrets"
    actions   = ["ssm:GetParameters"]
    resources = ["${local.parameters}/control-secrets/*", "${local.parameters}/honeybadger-key-*"]
  }

  # For an image in a registry of this account; one that is public needs none of it.
  statement {
    sid       = "RegistryToken"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Image"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["${local.arn_prefix}:ecr:${var.region}:${local.account}:repository/*"]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# What schedules may do.
data "aws_iam_policy_document" "assume_scheduler" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  assume_role_policy = data.aws_iam_policy_document.assume_scheduler.json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "Run"
    actions   = ["ecs:RunTask"]
    resources = [local.task_definitions]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  # Where a run goes that could not be started.
  statement {
    sid       = "DeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }

  statement {
    sid       = "Tag"
    actions   = ["ecs:TagResource"]
    resources = [local.tasks]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.task.arn, aws_iam_role.execution.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "run-tasks"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}
