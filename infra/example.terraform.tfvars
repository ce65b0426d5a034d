# Copy this to terraform.tfvars, and put in your own values. variables.tf has every variable.

bucket        = "a-name-that-nobody-has"
region        = "eu-central-1"
image         = "the name of the image, as the release says it"
image_tag     = "latest"           # better its digest, sha256:..., as the release says it
control_cidrs = ["203.0.113.7/32"] # your own address; [] where it changes
architecture  = "ARM64"
