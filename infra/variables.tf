variable "bucket" {
  description = "Name of the S3 bucket for collections. It must be unique in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "region" {
  description = "Region of AWS, such as us-east-1 or eu-central-1."
  type        = string
}

variable "image" {
  description = "Name of the container's image, without a tag."
  type        = string
}

variable "image_tag" {
  description = "Tag of the container's image, which is the version of twarc-cloud, or better its digest: sha256: and 64 hexadecimal digits. A tag can be moved to other contents, a digest cannot."
  type        = string
  default     = "latest"

  validation {
    condition     = can(regex("^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}@)?sha256:[0-9a-f]{64})$", var.image_tag))
    error_message = "It is a tag, a digest (sha256: and 64 hexadecimal digits), or both with @ between them."
  }
}

variable "name" {
  description = "What the names of everything made here begin with."
  type        = string
  default     = "twarc-cloud"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "The name has up to 31 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "control_cidrs" {
  description = "Where harvesters may be asked from how far they are, and be told to stop, on port 80, such as [\"203.0.113.7/32\"]. With none, nothing may come in: they are stopped by SIGTERM, and show how far they are by the bucket."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.control_cidrs : can(regex("^[0-9.]+/[0-9]+$", cidr)) && can(cidrhost(cidr, 0))])
    error_message = "Each is an address of IPv4 with a length, such as 203.0.113.7/32."
  }

  validation {
    condition     = alltrue([for cidr in var.control_cidrs : !endswith(cidr, "/0")])
    error_message = "Port 80 is not for everybody: name the addresses that you ask from."
  }
}

variable "allow_wide_control_cidrs" {
  description = "Whether control_cidrs may be wider than a /16, which has 65,536 addresses."
  type        = bool
  default     = false
}

variable "architecture" {
  description = "Processor of the containers: X86_64, or ARM64, which costs a fifth less."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "It is ARM64 or X86_64."
  }
}

variable "spot" {
  description = "Whether timelines and searches use spare capacity, which costs up to 70 percent less and may be taken away: the next harvest goes on."
  type        = bool
  default     = false
}

variable "old_versions_days" {
  description = "Days that overwritten and deleted objects are kept."
  type        = number
  default     = 30
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 90
}

variable "availability_zone" {
  description = "Zone of the region that harvesters run in, such as us-east-1b; the first one if empty. Choose another where Fargate says that it is not in yours, or has no capacity."
  type        = string
  default     = ""
}

variable "create_access_key" {
  description = "Whether to make a user of its own with an access key. Better is your own user or SSO role, with the policy that person_policy_arn names."
  type        = bool
  default     = false
}

variable "honeybadger_key" {
  description = "API key of a project of Honeybadger, which gets the failures of harvests; none if empty."
  type        = string
  default     = ""
  sensitive   = true
}
