# It may have keys, so that nobody else may read it:
# (umask 077 && rm -f twarc_cloud.ini && terraform output -raw twarc_cloud_ini > twarc_cloud.ini)

locals {
  settings = merge(
    {
      bucket                  = aws_s3_bucket.collections.id
      region                  = var.region
      subnet                  = aws_subnet.public.id
      security_group          = aws_security_group.harvester.id
      task_role_arn           = aws_iam_role.task.arn
      task_execution_role_arn = aws_iam_role.execution.arn
      event_role_arn          = aws_iam_role.scheduler.arn
      dead_letter_queue       = aws_sqs_queue.dead_letters.arn
      cluster                 = aws_ecs_cluster.main.name
      log_group               = aws_cloudwatch_log_group.harvester.name
      image                   = var.image
      image_tag               = var.image_tag
      architecture            = var.architecture
      spot                    = tostring(var.spot)
    },
    var.honeybadger_key == "" ? {} : { honeybadger_key = var.honeybadger_key },
    var.create_access_key ? {
      access_key = aws_iam_access_key.person[0].id
      secret_key = aws_iam_access_key.person[0].secret
    } : {},
  )
}

output "twarc_cloud_ini" {
  description = "The whole of twarc_cloud.ini."
  sensitive   = true
  value       = "[DEFAULT]\n${join("", [for name, value in local.settings : "${name} = ${value}\n"])}"
}

output "person_policy_arn" {
  description = "Policy to attach to your own user or SSO role."
  value       = aws_iam_policy.person.arn
}
