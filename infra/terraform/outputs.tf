# SPDX-License-Identifier: Apache-2.0

output "data" {
  description = "Where pictures, data sets, run folders and results are kept."
  value       = "gs://${google_storage_bucket.data.name}"
}

output "staging" {
  description = "What -staging_location is."
  value       = local.staging
}

output "images" {
  description = "Where worker images are pushed to and pulled from."
  value       = local.images
}

output "worker" {
  description = "The workers' service account."
  value       = google_service_account.worker.email
}

output "flags" {
  description = "What every job on Dataflow is given here."
  value       = join(" ", local.flags)
}

output "prepare_command" {
  description = "An example job: pictures in the bucket become a data set there."
  value = join(" ", concat(
    ["chromabeam prepare -size 256 -input ${local.data}/pictures -output ${local.data}/sets/pictures"], local.flags,
    ["-max_num_workers ${var.max_workers}", "-worker_binary worker", "-sdk_container_image ${local.images}/worker-cpu:${var.image_tag}"],
  ))
}

output "bulk_command" {
  description = "An example job: gray pictures in the bucket are coloured, on accelerators if there are any."
  value = join(" ", concat(
    ["chromabeam bulk -input ${local.data}/gray -output ${local.data}/coloured"], local.flags,
    ["-max_num_workers ${var.max_workers}", "-worker_binary worker"],
    ["-sdk_container_image ${local.images}/worker-${var.gpu == "" ? "cpu" : "cuda"}:${var.image_tag}"],
    var.gpu == "" ? [] : ["-gpu ${var.gpu}"],
  ))
}

locals {
  data    = "gs://${google_storage_bucket.data.name}"
  staging = "gs://${google_storage_bucket.staging.name}/staging"
  images  = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"

  flags = [
    "-runner dataflow",
    "-project ${var.project}",
    "-region ${var.region}",
    "-staging_location ${local.staging}",
    "-temp_location gs://${google_storage_bucket.staging.name}/temp",
    "-service_account_email ${google_service_account.worker.email}",
    "-subnetwork regions/${var.region}/subnetworks/${google_compute_subnetwork.workers.name}",
    "-no_use_public_ips",
  ]
}
