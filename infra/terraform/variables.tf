# SPDX-License-Identifier: Apache-2.0

variable "project" {
  description = "Project that everything is made in."
  type        = string
}

variable "region" {
  description = "Region of the buckets, the images, the network and the jobs. Not every region has every accelerator."
  type        = string
  default     = "us-central1"
}

variable "name" {
  description = "Begins the names of all that is made here, so that a project may have it twice."
  type        = string
  default     = "chromabeam"

  validation {
    # A service account's name has at most 30 characters, "-worker" among them.
    condition     = can(regex("^[a-z][a-z0-9-]{4,22}$", var.name))
    error_message = "name must have 5 to 23 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "submitters" {
  description = "Who may submit jobs, such as user:ada@example.com or serviceAccount:ci@example.iam.gserviceaccount.com."
  type        = list(string)
  default     = []
}

variable "input_buckets" {
  description = "Names of other buckets whose pictures the workers may read."
  type        = list(string)
  default     = []
}

variable "subnet_range" {
  description = "Addresses of the workers: a /24 has 252 of them."
  type        = string
  default     = "10.64.0.0/24"

  validation {
    condition     = can(cidrhost(var.subnet_range, 1))
    error_message = "subnet_range must be an IPv4 range such as 10.64.0.0/24."
  }
}

variable "staging_days" {
  description = "Days after which staged binaries and temporary files are deleted. It must be longer than any job."
  type        = number
  default     = 30

  validation {
    condition     = var.staging_days >= 7
    error_message = "staging_days must be at least 7."
  }
}

variable "gpu" {
  description = "Accelerator of the example job's workers, as -gpu takes it; empty for none."
  type        = string
  default     = "nvidia-l4"

  validation {
    condition     = var.gpu == "" || contains(keys(local.accelerators), var.gpu)
    error_message = "gpu must be empty or one of ${join(", ", keys(local.accelerators))}."
  }
}

variable "image_tag" {
  description = "Tag of the worker images of the example jobs, as infra/docker/build.sh pushed them."
  type        = string
  default     = "v1"
}

variable "max_workers" {
  description = "Most workers of the example job. Each has one accelerator, if there is one."
  type        = number
  default     = 4

  validation {
    condition     = var.max_workers >= 1 && floor(var.max_workers) == var.max_workers
    error_message = "max_workers must be a whole number of at least 1."
  }
}
