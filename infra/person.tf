# What a person needs to make and manage collections: attach it to your own user or SSO role.

data "aws_iam_policy_document" "person" {
  statement {
    sid       = "Collections"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.collections.arn}/collections/*"]
  }

  # What the bucket is, and what is in it, for who comes after.
  statement {
    sid       = "Head"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.collections.arn}/twarc-cloud.json", "${aws_s3_bucket.collections.arn}/README.md"]
  }

  # Tweets that must be deleted do not stay as older versions.
  statement {
    sid       = "OldVersions"
    actions   = ["s3:DeleteObjectVersion"]
    resources = ["${aws_s3_bucket.collections.arn}/collections/*/harvests/*"]
  }

  statement {
    sid       = "Listing"
    actions   = ["s3:GetLifecycleConfiguration", "s3:ListBucket", "s3:ListBucketVersions"]
    resources = [aws_s3_bucket.collections.arn]
  }

  statement {
    sid       = "Secrets"
    actions   = ["ssm:GetParameter", "ssm:PutParameter"]
    resources = ["${local.parameters}/keys/*", "${local.parameters}/control-secrets/*", "${local.parameters}/honeybadger-key-*"]
  }

  # Who put keys there, before they are replaced.
  statement {
    sid       = "KeysOfOthers"
    actions   = ["ssm:GetParameterHistory"]
    resources = ["${local.parameters}/keys/*"]
  }

  # With the last use of a collection.
  statement {
    sid       = "OldSecrets"
    actions   = ["ssm:DeleteParameter"]
    resources = ["${local.parameters}/control-secrets/*"]
  }

  # These actions know no resource to name.
  statement {
    sid       = "Looking"
    actions   = ["ec2:DescribeNetworkInterfaces", "ecs:DescribeTaskDefinition", "events:ListRules", "scheduler:ListSchedules"]
    resources = ["*"]
  }

  # Nor do these, but they know the cluster.
  statement {
    sid       = "ListingTasks"
    actions   = ["ecs:ListServices", "ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  statement {
    sid       = "Cluster"
    actions   = ["ecs:DescribeClusters"]
    resources = [aws_ecs_cluster.main.arn]
  }

  statement {
    sid       = "Define"
    actions   = ["ecs:RegisterTaskDefinition"]
    resources = [local.task_definitions]
  }

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

  statement {
    sid       = "Tasks"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = [local.tasks]
  }

  statement {
    sid       = "Services"
    actions   = ["ecs:CreateService", "ecs:DeleteService", "ecs:DescribeServices", "ecs:UpdateService"]
    resources = [local.services]
  }

  statement {
    sid       = "Tag"
    actions   = ["ecs:TagResource"]
    resources = [local.task_definitions, local.tasks, local.services]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask", "CreateService", "RegisterTaskDefinition"]
    }
  }

  statement {
    sid       = "PassTaskRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.task.arn, aws_iam_role.execution.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "PassSchedulerRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.scheduler.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["scheduler.amazonaws.com"]
    }
  }

  statement {
    sid = "Schedules"
    actions = [
      "scheduler:CreateSchedule",
      "scheduler:CreateScheduleGroup",
      "scheduler:DeleteSchedule",
      "scheduler:GetSchedule",
      "scheduler:GetScheduleGroup",
      "scheduler:UpdateSchedule",
    ]
    resources = [
      "${local.arn_prefix}:scheduler:${var.region}:${local.account}:schedule/*",
      "${local.arn_prefix}:scheduler:${var.region}:${local.account}:schedule-group/*",
    ]
  }

  # Runs that schedules could not start: they are read, and stay.
  statement {
    sid       = "DeadLetters"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }

  # Of the Python original.
  statement {
    sid       = "OldSchedules"
    actions   = ["events:DeleteRule", "events:ListTargetsByRule", "events:RemoveTargets"]
    resources = ["${local.arn_prefix}:events:${var.region}:${local.account}:rule/${var.bucket}_*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:FilterLogEvents"]
    resources = ["${aws_cloudwatch_log_group.harvester.arn}:*", aws_cloudwatch_log_group.harvester.arn]
  }
}

resource "aws_iam_policy" "person" {
  name        = "${var.name}-person"
  description = "Make and manage collections with twarc-cloud"
  policy      = data.aws_iam_policy_document.person.json
}

resource "aws_iam_user" "person" {
  count = var.create_access_key ? 1 : 0

  name = "${var.name}-person"
}

resource "aws_iam_user_policy_attachment" "person" {
  count = var.create_access_key ? 1 : 0

  user       = aws_iam_user.person[0].name
  policy_arn = aws_iam_policy.person.arn
}

resource "aws_iam_access_key" "person" {
  count = var.create_access_key ? 1 : 0

  user = aws_iam_user.person[0].name
}
