// SPDX-License-Identifier: Apache-2.0

// Package plugin installs the shared libraries through which XLA runs on this
// machine's processor or graphics card, and finds out what the machine has.
//
// A plugin is a PJRT library: one file for the CPU, one file and NVIDIA's
// libraries for CUDA. [Install] takes them from the wheels on the Python
// package index, each pinned by size and SHA-256, without Python.
//
// In the plugin folder an installation is a tree of its own, which appears
// whole or not at all, and a link to its library under the name that
// model.PluginFile expects:
//
//	pjrt_c_api_cpu_plugin.so -> cpu-0.11.2/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so
//	cpu-0.11.2/installed.json
//	pjrt_c_api_cuda_plugin.so -> cuda-0.11.2-cuda13.3/jax_plugins/xla_cuda13/xla_cuda_plugin.so
//	cuda-0.11.2-cuda13.3/nvidia/...
//
// The CUDA plugin looks for its libraries at ../../nvidia from the folder that
// it was loaded from, so it has to be loaded by the path that the link leads
// to, not by the link itself.
package plugin
