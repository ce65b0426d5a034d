# A public subnet and no NAT gateway, which would cost more than all the rest.

data "aws_availability_zones" "available" {
  state = "available"

  # Not local zones and the like, which an account has to ask for, and where Fargate is not.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/24"
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = {
    Name = var.name
  }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = {
    Name = var.name
  }
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.0.0/25"
  availability_zone = var.availability_zone != "" ? var.availability_zone : data.aws_availability_zones.available.names[0]

  tags = {
    Name = "${var.name}-public"
  }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }

  tags = {
    Name = "${var.name}-public"
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

# Traffic to S3 stays inside AWS, and costs nothing.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.public.id]

  tags = {
    Name = var.name
  }
}

resource "aws_security_group" "harvester" {
  name        = "${var.name}-harvester"
  description = "Harvesters: out to everywhere, in to the control server from named addresses"
  vpc_id      = aws_vpc.main.id
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.harvester.id
  description       = "The API, AWS, and the registry of the image"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

# Nothing may come in while no address is given.
resource "aws_vpc_security_group_ingress_rule" "control" {
  for_each = toset(var.control_cidrs)

  lifecycle {
    precondition {
      condition     = var.allow_wide_control_cidrs || tonumber(split("/", each.value)[1]) >= 16
      error_message = "${each.value} is wider than a /16: name the addresses that you ask from, or set allow_wide_control_cidrs = true."
    }
  }

  security_group_id = aws_security_group.harvester.id
  description       = "Control server"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}
