# SPDX-License-Identifier: Apache-2.0

terraform {
  # 1.9 lets a variable's validation look at other variables.
  required_version = ">= 1.9.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}
