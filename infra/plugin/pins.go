// SPDX-License-Identifier: Apache-2.0

package plugin

import "github.com/chromabeam/chromabeam/infra/plugin/wheel"

// release is what an installation of one kind consists of.
type release struct {
	kind Kind
	// version names the installed tree; it changes with any of the wheels.
	version string
	// library is the plugin's path in the installed tree, with its pins.
	library wheel.File
	wheels  []wheel.Wheel
}

// releases returns what this version of the toolkit installs.
//
// go-xla's own CPU plugin, the release v0.114.0 of gomlx/pjrt-cpu-binaries on
// GitHub, would be the natural first choice, but nothing publishes its SHA-256
// (go-xla's installer takes it unchecked) and a library that is loaded into the
// process is not fetched without one. Who wants it puts its file into the
// plugin folder, or names it in PJRT_PLUGIN_LIBRARY_PATH.
//
// The CUDA plugin is of the same XLA as the CPU plugin, and the NVIDIA wheels
// are those that the JAX of that version names, from one CUDA toolkit, 13.3.
func releases() map[Kind]release {
	cpu, cuda := cpuWheels(), cudaWheels()
	return map[Kind]release{
		CPU: {
			kind: CPU, version: cpu[0].Version, wheels: cpu,
			library: wheel.File{
				Path: "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", Size: 201600336,
				SHA256: "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2",
			},
		},
		CUDA: {
			kind: CUDA, version: cuda[0].Version + "-cuda13.3", wheels: cuda,
			library: wheel.File{
				Path: "jax_plugins/xla_cuda13/xla_cuda_plugin.so", Size: 411465856,
				SHA256: "43d3efd6fd43d8a5d9aa67176e830d81e4ad5fc19fda4ad09cdcc4aebd9f3920",
			},
		},
	}
}

func cpuWheels() []wheel.Wheel {
	return []wheel.Wheel{
		{
			Project: "lammps-jax-pjrt-cpu", Version: "0.11.2",
			File: "lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl",
			Path: "e5/90/f04e5ea9e56f01965b4cd56bc3cf4801a563cd47b74d4ded5780f19c3a7c",
			Size: 62711338, SHA256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
		},
	}
}

func cudaWheels() []wheel.Wheel {
	return []wheel.Wheel{
		{
			Project: "jax-cuda13-pjrt", Version: "0.11.2",
			File: "jax_cuda13_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl",
			Path: "a8/13/247ba4ea1ac057309f2e1328d743ba355631b76d31fbebd076421a74e26e",
			Size: 134162640, SHA256: "e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e",
		},
		{
			Project: "nvidia-cublas", Version: "13.6.2.16",
			File: "nvidia_cublas-13.6.2.16-py3-none-manylinux_2_27_x86_64.whl",
			Path: "f0/87/50def43754663bd51812e244ff391a1fbadff35aa92e7c0bf703762d7302",
			Size: 410477739, SHA256: "3968bb7940ed0690769b2918132ca1368b2806321b7c9d94a89c649a03e3b788",
		},
		{
			Project: "nvidia-cuda-cupti", Version: "13.3.75",
			File: "nvidia_cuda_cupti-13.3.75-py3-none-manylinux_2_25_x86_64.whl",
			Path: "d1/68/ee003f64d79bd3cb95e243cfdc906bb0f1ae73b1aa2857baf1d7834dd1ee",
			Size: 12044533, SHA256: "a969cc446c44db612e417bd0af722cfad9009c027dabd4ed255262c0e9a9a3d2",
		},
		{
			Project: "nvidia-cuda-nvcc", Version: "13.3.73",
			File: "nvidia_cuda_nvcc-13.3.73-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			Path: "83/19/e46ef3597ba47a9f8a91ab24533db42a600b659fc418dbe4af0b630bcb41",
			Size: 44942138, SHA256: "f483af83166c4fa356a21606076d553b0b4ceaebbd9912e537545080db695bdd",
		},
		{
			Project: "nvidia-cuda-runtime", Version: "13.3.29",
			File: "nvidia_cuda_runtime-13.3.29-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			Path: "97/be/5699b6e642b372f7d24c59c2f41383e2696825e20bab85f7399c7c6a56f7",
			Size: 2339786, SHA256: "e04420616e72f563167a7733272992d7e6df6dc5cb54b2f94f9f1520ea9e30c1",
		},
		{
			Project: "nvidia-cudnn-cu13", Version: "9.26.1.1",
			File: "nvidia_cudnn_cu13-9.26.1.1-py3-none-manylinux_2_27_x86_64.whl",
			Path: "c6/7d/2e59397de3d8dc9ff80c56f6770e9e21a818dfffc8e07a1b673fa3ef7cf6",
			Size: 519150496, SHA256: "c709224270fbfb5c51248422b468dc258461a723a8d5a21f50111614b36b8c53",
		},
		{
			Project: "nvidia-cufft", Version: "12.3.0.29",
			File: "nvidia_cufft-12.3.0.29-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			Path: "e7/00/fab4a29fa1d7eb43bc6b94de4e86312c5e425d5582e58b9641300b9dffc7",
			Size: 184730406, SHA256: "edb25c0626bd202ee5acc035b5dd361a3b89ed3b75a81a52df72c89150cb57c2",
		},
		{
			Project: "nvidia-cusolver", Version: "12.2.6.9",
			File: "nvidia_cusolver-12.2.6.9-py3-none-manylinux_2_27_x86_64.whl",
			Path: "1c/3a/23e46a0919ba5ecf1a864400542a6c78d18c76893a0a77e1856e7033af31",
			Size: 244667799, SHA256: "e32cb40c8a4d3df475b556caaf6af5808ef064df7e291a049528a0d28017b674",
		},
		{
			Project: "nvidia-cusparse", Version: "12.8.2.51",
			File: "nvidia_cusparse-12.8.2.51-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			Path: "a6/dc/752e401a5d6fc5f1948cf190add5afc27e440e5ca08bc3fab66826c16213",
			Size: 154538196, SHA256: "65cbcc4e37a34fca4ee7df2fd57da103593842cda1bbb4a144664ecfe59873a5",
		},
		{
			Project: "nvidia-nccl-cu13", Version: "2.30.7",
			File: "nvidia_nccl_cu13-2.30.7-py3-none-manylinux_2_18_x86_64.whl",
			Path: "3f/34/c500f90c7ae641b8e0f98965b36b8a7ac79cc8b296e8d251fe3eb592ee54",
			Size: 215965170, SHA256: "cefa7fdb9710efd0f39c5f1be1d61ff6fc9a996c451265bd7fbdcf9455ed4b50",
		},
		{
			Project: "nvidia-nvjitlink", Version: "13.3.33",
			File: "nvidia_nvjitlink-13.3.33-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
			Path: "f0/ee/580ca6f29dcab0221db8706badca1bbbb084f1975c4d4e83329c3a7e31f0",
			Size: 40742423, SHA256: "26a6de7fb4c8fdaa7703d3dad720d6d427ddfea5c48a528fd97c11733ad830e5",
		},
		{
			Project: "nvidia-cuda-nvrtc", Version: "13.3.33",
			File: "nvidia_cuda_nvrtc-13.3.33-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
			Path: "8b/2c/86916c8a34dcdb0c3ddd1c0e30545041bd781184e437b9cb76fcda70560b",
			Size: 51110910, SHA256: "82530788b8c6164a54d3fd9ae8bcca8893d397c4aeb998861982a03bbe41e204",
		},
		{
			Project: "nvidia-nvshmem-cu13", Version: "3.7.2",
			File: "nvidia_nvshmem_cu13-3.7.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			Path: "4f/4a/037dfbbafc96ad1828ef62326f27970cae2c0eb271cf5b8e6922f32a7427",
			Size: 135397797, SHA256: "b9a4f843c62b5dded8ad33fd6d220e007dcd39f06cee549292f5ba14ce4c235c",
		},
		{
			Project: "nvidia-nvvm", Version: "13.3.73",
			File: "nvidia_nvvm-13.3.73-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
			Path: "f3/e7/ff646aa6015c7e6d12aad234e68925c87b6681d8d18c3ac40535994a3b0d",
			Size: 69250424, SHA256: "0e28e0858a3475e11ac67d35301cd5bf82666a1c0dc4ec4e80ceaf3a5fd1dea8",
		},
	}
}
