// Tensor handles: lifetime, memory, metadata, gradient slot.
#include "rt.h"

#include <ATen/EmptyTensor.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/variable.h>

#include <cstring>

std::atomic<int64_t> rt::live_handles{0};

namespace {
at::TensorOptions options(int32_t dtype, int32_t device_type, int32_t device_index) {
  return at::TensorOptions()
      .dtype(static_cast<c10::ScalarType>(dtype))
      .device(
          c10::Device(rt::device_type(device_type), static_cast<c10::DeviceIndex>(device_index)));
}
}  // namespace

RT_API int64_t rt_live() { return rt::live_handles.load(std::memory_order_relaxed); }

RT_API void rt_free(c10::TensorImpl* handle) {
  if (handle == nullptr) return;
  rt::live_handles.fetch_sub(1, std::memory_order_relaxed);
  c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(handle);
}

// Another handle to the same tensor.
RT_API c10::TensorImpl* rt_share(c10::TensorImpl* handle) { return rt::give(rt::borrow(handle)); }

// A tensor on the same memory without history or gradient; bypasses the dispatcher.
RT_API int32_t rt_without_history(c10::TensorImpl* handle, c10::TensorImpl** result) {
  return rt::guarded([&] { *result = rt::give(rt::borrow(handle).variable_data()); });
}

// Whether this handle is the only reference to the tensor, and the tensor the only one to its
// memory, so that the memory may be overwritten.
RT_API int32_t rt_is_sole(c10::TensorImpl* handle) {
  return c10::raw::intrusive_ptr::use_count(handle) == 1 && handle->has_storage() &&
         handle->storage().use_count() == 1;
}

// Version counter: the number of writes by operators to the tensor or its aliases.
RT_API int32_t rt_version(c10::TensorImpl* handle) {
  return static_cast<int32_t>(handle->version_counter().current_version());
}

// Counts a write that bypassed libtorch's operators.
RT_API void rt_bump_version(c10::TensorImpl* handle) {
  if (!handle->is_inference()) handle->bump_version();
}

// Uninitialised tensor; if `data` is not null, a copy of `bytes` bytes of host memory (which must
// fill it).
RT_API int32_t rt_tensor(const void* data, int64_t bytes, const int64_t* shape, int32_t rank,
                         int32_t dtype, int32_t device_type, int32_t device_index,
                         c10::TensorImpl** result) {
  return rt::guarded([&] {
    at::IntArrayRef sizes(shape, rank);
    const bool host = rt::device_type(device_type) == c10::DeviceType::CPU;
    // Host memory, bypassing the dispatcher: a step creates hundreds of small tensors.
    at::Tensor tensor =
        host || data != nullptr
            ? at::Tensor(at::detail::empty_cpu(sizes, static_cast<c10::ScalarType>(dtype)))
            : at::empty(sizes, options(dtype, device_type, device_index));
    if (data != nullptr) {
      if (static_cast<int64_t>(tensor.nbytes()) != bytes)
        throw std::invalid_argument("a tensor of that shape has " +
                                    std::to_string(tensor.nbytes()) + " bytes, " +
                                    std::to_string(bytes) + " were given");
      std::memcpy(tensor.data_ptr(), data, bytes);
    }
    *result = rt::give(
        data == nullptr || host ? tensor : tensor.to(options(dtype, device_type, device_index)));
  });
}

// Copies a tensor on any device, contiguous or not, to host memory of exactly its size.
RT_API int32_t rt_read(c10::TensorImpl* handle, void* data, int64_t bytes) {
  return rt::guarded([&] {
    auto tensor = rt::borrow(handle).detach().to(c10::kCPU).contiguous();
    if (static_cast<int64_t>(tensor.nbytes()) != bytes)
      throw std::invalid_argument("the tensor has " + std::to_string(tensor.nbytes()) +
                                  " bytes, room is for " + std::to_string(bytes));
    std::memcpy(data, tensor.data_ptr(), bytes);
  });
}

// Address of the first element; null for a tensor without memory.
RT_API void* rt_data(c10::TensorImpl* handle) {
  try {
    return rt::borrow(handle).data_ptr();
  } catch (...) {
    return nullptr;
  }
}

// Getters: no exception, no lock, well below a microsecond (called without a GC transition).
RT_API int32_t rt_rank(c10::TensorImpl* handle) { return static_cast<int32_t>(handle->dim()); }
RT_API int64_t rt_numel(c10::TensorImpl* handle) { return handle->numel(); }
RT_API int32_t rt_dtype(c10::TensorImpl* handle) {
  return static_cast<int32_t>(c10::typeMetaToScalarType(handle->dtype()));
}
RT_API int32_t rt_device(c10::TensorImpl* handle, int32_t* index) {
  *index = handle->device().index();
  return rt::device_code(handle->device().type());
}
RT_API void rt_shape(c10::TensorImpl* handle, int64_t* shape) {
  const auto sizes = handle->sizes();
  std::copy(sizes.begin(), sizes.end(), shape);
}
RT_API int32_t rt_is_contiguous(c10::TensorImpl* handle) { return handle->is_contiguous() ? 1 : 0; }
RT_API int32_t rt_is_leaf(c10::TensorImpl* handle) { return rt::borrow(handle).is_leaf() ? 1 : 0; }
RT_API int32_t rt_requires_grad(c10::TensorImpl* handle) { return handle->requires_grad() ? 1 : 0; }

RT_API int32_t rt_set_requires_grad(c10::TensorImpl* handle, int32_t value) {
  return rt::guarded([&] { rt::borrow(handle).requires_grad_(value != 0); });
}
RT_API int32_t rt_grad(c10::TensorImpl* handle, c10::TensorImpl** result) {
  return rt::guarded([&] { *result = rt::give(rt::borrow(handle).grad()); });
}
RT_API int32_t rt_set_grad(c10::TensorImpl* handle, c10::TensorImpl* grad) {
  return rt::guarded([&] { rt::borrow(handle).mutable_grad() = rt::borrow(grad); });
}
