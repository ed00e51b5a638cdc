# SPDX-License-Identifier: Apache-2.0

locals {
  # What -gpu takes, the processors of the machine that a worker is then, and the
  # quotas that limit how many there may be.
  accelerators = {
    "nvidia-l4" = {
      cpus      = 4
      cpu_quota = "CPUS-per-project-region"
      gpu_quota = "NVIDIA-L4-GPUS-per-project-region"
    }
    "nvidia-tesla-t4" = {
      cpus      = 4
      cpu_quota = "CPUS-per-project-region"
      gpu_quota = "NVIDIA-T4-GPUS-per-project-region"
    }
    "nvidia-tesla-a100" = {
      cpus      = 12
      cpu_quota = "A2-CPUS-per-project-region"
      gpu_quota = "NVIDIA-A100-GPUS-per-project-region"
    }
    "nvidia-a100-80gb" = {
      cpus      = 12
      cpu_quota = "A2-CPUS-per-project-region"
      gpu_quota = "NVIDIA-A100-80GB-GPUS-per-project-region"
    }
  }

  # Workers of the example job: without an accelerator Dataflow's own choice, of
  # which 4 processors is a bound.
  worker = var.gpu == "" ? {
    cpus = 4, cpu_quota = "CPUS-per-project-region", gpu_quota = ""
  } : local.accelerators[var.gpu]

  # How many of each quota's units the example job takes at most.
  needed = merge(
    { (local.worker.cpu_quota) = var.max_workers * local.worker.cpus },
    var.gpu == "" ? {} : {
      (local.worker.gpu_quota)       = var.max_workers
      "GPUS-ALL-REGIONS-per-project" = var.max_workers
    },
  )

  # A quota's value where it holds: the first that is for the region or for all of
  # them, since the special ones come first. -1 is no limit.
  granted = {
    for quota, info in data.google_cloud_quotas_quota_info.needed : quota => try(tonumber([
      for d in info.dimensions_infos : d.details[0].value
      if length(setintersection(d.applicable_locations, [var.region, "global"])) > 0
    ][0]), 0)
  }

  short = [
    for quota, need in local.needed : "${quota} is ${local.granted[quota]}, and ${need} are needed"
    if local.granted[quota] >= 0 && local.granted[quota] < need
  ]
}

data "google_cloud_quotas_quota_info" "needed" {
  for_each = local.needed

  parent   = "projects/${var.project}"
  service  = "compute.googleapis.com"
  quota_id = each.key

  depends_on = [google_project_service.needed]
}

# A warning, not an error: buckets and images can be made before the quota is
# granted, and a job starts with fewer workers than its most.
check "quotas" {
  assert {
    condition = length(local.short) == 0
    error_message = join("\n", concat(
      ["Quotas in ${var.region} are too small for ${var.max_workers} workers:"], local.short,
      ["Ask for more at https://console.cloud.google.com/iam-admin/quotas?project=${var.project}"],
    ))
  }
}
