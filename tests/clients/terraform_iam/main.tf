# People, programs and what they may do: most of what Terraform can say of IAM.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

# What the second apply changes.
variable "action" {
  type    = string
  default = "dynamodb:GetItem"
}

variable "user_name" {
  type    = string
  default = "ada"
}

variable "team" {
  type    = string
  default = "blue"
}

provider "aws" {
  region                  = "eu-central-1"
  skip_metadata_api_check = true
  max_retries             = 2

  endpoints {
    iam = var.endpoint
    sts = var.endpoint
  }

  default_tags {
    tags = {
      managed_by = "terraform"
    }
  }
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    actions   = [var.action, "dynamodb:Query"]
    resources = ["arn:aws:dynamodb:*:${data.aws_caller_identity.me.account_id}:table/notes"]

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["$${aws:username}"]
    }
  }
}

data "aws_iam_policy" "basic_execution" {
  name = "AWSLambdaBasicExecutionRole"
}

resource "aws_iam_policy" "read" {
  name        = "read-notes"
  path        = "/team/"
  description = "Reads notes"
  policy      = data.aws_iam_policy_document.read.json
  tags        = { team = var.team }
}

resource "aws_iam_policy" "boundary" {
  name   = "boundary"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user" "ada" {
  name                 = var.user_name
  path                 = "/people/"
  permissions_boundary = aws_iam_policy.boundary.arn
  # Not var.team: the provider tags a renamed user by its new name before it renames it.
  tags = { team = "blue" }
}

resource "aws_iam_access_key" "ada" {
  user = aws_iam_user.ada.name
}

resource "aws_iam_user_policy" "ada" {
  name   = "inline"
  user   = aws_iam_user.ada.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user_policy_attachment" "ada" {
  user       = aws_iam_user.ada.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_group" "readers" {
  name = "readers"
  path = "/people/"
}

resource "aws_iam_group_policy" "readers" {
  name   = "inline"
  group  = aws_iam_group.readers.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_policy_attachment" "readers" {
  group      = aws_iam_group.readers.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_user_group_membership" "ada" {
  user   = aws_iam_user.ada.name
  groups = [aws_iam_group.readers.name]
}

resource "aws_iam_role" "worker" {
  name                 = "worker"
  path                 = "/service/"
  description          = "Works"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.boundary.arn
  tags                 = { team = var.team }
}

resource "aws_iam_role_policy" "worker" {
  name   = "inline"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "worker" {
  for_each = {
    basic = data.aws_iam_policy.basic_execution.arn
    read  = aws_iam_policy.read.arn
  }
  role       = aws_iam_role.worker.name
  policy_arn = each.value
}

resource "aws_iam_instance_profile" "worker" {
  name = "worker"
  role = aws_iam_role.worker.name
  tags = { team = var.team }
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { team = var.team }
}

data "aws_iam_role" "worker" {
  name = aws_iam_role.worker.name
}

output "role_arn" {
  value = data.aws_iam_role.worker.arn
}

output "user_id" {
  value = aws_iam_user.ada.unique_id
}
