# Runs that a schedule could not start for an hour (a role that lacks something, an image that is gone, no capacity):
# `twarc-cloud collection scheduled` shows them.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
}
