// Process state: versions, last error, threads, parallel loops, random state, autocast, devices.
#include "rt.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <mutex>

namespace {
thread_local std::string last_error;
thread_local std::string last_text;

at::Generator generator(int32_t device_type, int32_t device_index) {
  return at::globalContext().defaultGenerator(
      c10::Device(rt::device_type(device_type), static_cast<c10::DeviceIndex>(device_index)));
}
}  // namespace

void rt::set_error(const std::string& text) { last_error = text; }

RT_API const char* rt_last_error() { return last_error.c_str(); }
RT_API int32_t rt_abi() { return RT_ABI; }
RT_API const char* rt_torch_version() { return TORCH_VERSION; }

// what 0: libtorch's build configuration, with the CPU capability in use; 1: its parallel settings.
RT_API int32_t rt_describe(int32_t what, const char** text) {
  return rt::guarded([&] {
    last_text = what == 0 ? at::show_config() : at::get_parallel_info();
    *text = last_text.c_str();
  });
}

// Whether the processor supports the AVX-512 kernels.
RT_API int32_t rt_avx512_supported() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

RT_API int32_t rt_threads(int32_t* threads) {
  return rt::guarded([&] { *threads = at::get_num_threads(); });
}
RT_API int32_t rt_set_threads(int32_t threads) {
  return rt::guarded([&] { at::set_num_threads(threads); });
}

// Runs body(begin, end, context) over parts of [0, n) on libtorch's OpenMP threads, including the
// caller's. The body must not throw; it runs serially inside another parallel region or if n =
// grain.
RT_API int32_t rt_parallel_for(int64_t n, int64_t grain, void (*body)(int64_t, int64_t, void*),
                               void* context) {
  return rt::guarded([&] {
    at::parallel_for(0, n, grain, [&](int64_t begin, int64_t end) {
      const rt::ManagedCode managed;
      body(begin, end, context);
    });
  });
}

RT_API int32_t rt_device_count(int32_t device_type, int32_t* count) {
  return rt::guarded([&] {
    const auto type = rt::device_type(device_type);
    *count = type == c10::DeviceType::CPU          ? 1
             : c10::impl::hasDeviceGuardImpl(type) ? c10::impl::VirtualGuardImpl(type).deviceCount()
                                                   : 0;
  });
}

RT_API int32_t rt_manual_seed(int64_t seed) {
  return rt::guarded([&] { at::manual_seed(static_cast<uint64_t>(seed)); });
}
RT_API int32_t rt_rng_state(int32_t device_type, int32_t device_index, c10::TensorImpl** state) {
  return rt::guarded([&] {
    auto gen = generator(device_type, device_index);
    std::lock_guard<std::mutex> hold(gen.mutex());
    *state = rt::give(gen.get_state());
  });
}
RT_API int32_t rt_set_rng_state(int32_t device_type, int32_t device_index, c10::TensorImpl* state) {
  return rt::guarded([&] {
    auto gen = generator(device_type, device_index);
    std::lock_guard<std::mutex> hold(gen.mutex());
    gen.set_state(rt::borrow(state));
  });
}

// Sets autocast of this thread for one device type; returns the former state. `dtype` -1 keeps the
// target type.
RT_API int32_t rt_autocast(int32_t device_type, int32_t enabled, int32_t dtype, int32_t* former,
                           int32_t* former_dtype) {
  return rt::guarded([&] {
    const auto target = static_cast<c10::ScalarType>(dtype);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    const auto device = rt::device_type(device_type);
    *former = at::autocast::is_autocast_enabled(device),
    *former_dtype = static_cast<int32_t>(at::autocast::get_autocast_dtype(device));
    if (dtype >= 0) at::autocast::set_autocast_dtype(device, target);
    at::autocast::set_autocast_enabled(device, enabled != 0);
#else
    if (rt::device_type(device_type) == c10::DeviceType::CUDA) {
      *former = at::autocast::is_enabled(),
      *former_dtype = static_cast<int32_t>(at::autocast::get_autocast_gpu_dtype());
      if (dtype >= 0) at::autocast::set_autocast_gpu_dtype(target);
      at::autocast::set_enabled(enabled != 0);
    } else {
      *former = at::autocast::is_cpu_enabled(),
      *former_dtype = static_cast<int32_t>(at::autocast::get_autocast_cpu_dtype());
      if (dtype >= 0) at::autocast::set_autocast_cpu_dtype(target);
      at::autocast::set_cpu_enabled(enabled != 0);
    }
#endif
    if (*former != 0 && enabled == 0) at::autocast::clear_cache();
  });
}
