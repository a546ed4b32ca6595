// A device for tests on machines without a GPU, registered as PrivateUse1: host memory that
// libtorch treats as device memory. It behaves like a GPU where it matters (docs/gpu.md, Tested
// without a GPU); results are the CPU's.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/clone.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <string>
#include <tuple>
#include <vector>

namespace {

constexpr auto kFake = c10::DeviceType::PrivateUse1;
std::atomic<int64_t> reads{0};

struct FakeGuard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kFake; }
  c10::Device exchangeDevice(c10::Device) const override { return {kFake, 0}; }
  c10::Device getDevice() const override { return {kFake, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, {kFake, 0});
  }
  c10::Stream exchangeStream(c10::Stream) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, {kFake, 0});
  }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  // A single, always completed stream: libtorch 2.x uses it and its events in backward.
  c10::Stream getDefaultStream(c10::Device) const override {
    return c10::Stream(c10::Stream::DEFAULT, {kFake, 0});
  }
  void record(void**, const c10::Stream&, const c10::DeviceIndex,
              const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, FakeGuard);

bool is_fake(const at::Tensor& t) { return t.defined() && t.device().type() == kFake; }

at::Tensor shaped(c10::Storage storage, const at::Tensor& like) {
  auto t = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), like.dtype());
  t.unsafeGetTensorImpl()->set_storage_offset(like.storage_offset());
  t.unsafeGetTensorImpl()->set_sizes_and_strides(like.sizes(), like.strides());
  return t;
}

void release(void* owner) { delete static_cast<at::Tensor*>(owner); }

// A tensor of the device on the memory of a CPU tensor, which it keeps alive.
at::Tensor to_fake(const at::Tensor& cpu) {
  auto* owner = new at::Tensor(cpu);
  void* data = const_cast<void*>(static_cast<const void*>(cpu.storage().data()));
  c10::DataPtr pointer(data, owner, &release, c10::Device(kFake, 0));
  return shaped(c10::Storage(c10::Storage::use_byte_size_t(), cpu.storage().nbytes(),
                             std::move(pointer), nullptr, false),
                cpu);
}

struct Seen {
  at::Tensor original;  // of the device
  at::Tensor alias;     // CPU, over the same storage
  bool fresh = false;   // an empty output that the operator may resize: `alias` has its own memory
};

struct Call {
  std::string name;
  bool mixed_allowed;
  std::vector<Seen> seen;

  at::Tensor see(const at::Tensor& t, bool written) {
    if (!t.defined()) return t;
    if (!is_fake(t)) {
      if (t.dim() > 0 && !mixed_allowed)
        throw std::runtime_error(name + ": expected all tensors on one device, found " +
                                 t.device().str() + " beside the device under test");
      return t;
    }
    Seen s{t};
    if (written && t.numel() == 0 && !mixed_allowed) {
      s.alias = at::empty(t.sizes(), t.options().device(c10::kCPU));
      s.fresh = true;
    } else {
      const auto items = static_cast<int64_t>(t.storage().nbytes() / t.dtype().itemsize());
      auto whole = at::from_blob(const_cast<void*>(static_cast<const void*>(t.storage().data())),
                                 {items}, t.options().device(c10::kCPU));
      s.alias = whole.as_strided(t.sizes(), t.strides(), t.storage_offset());
    }
    seen.push_back(s);
    return s.alias;
  }

  at::Tensor back(const at::Tensor& result) {
    if (!result.defined() || is_fake(result)) return result;
    for (auto& s : seen) {
      if (result.unsafeGetTensorImpl() == s.alias.unsafeGetTensorImpl()) return s.original;
      const auto* base = s.alias.storage().data();
      if (!s.fresh && base != nullptr && result.storage().data() == base)
        return shaped(s.original.storage(), result);  // a view
    }
    return to_fake(result);
  }
};

c10::IValue translated(const c10::IValue& value, bool written, Call& call) {
  if (value.isTensor()) return call.see(value.toTensor(), written);
  if (value.isDevice() && value.toDevice().type() == kFake)
    return c10::IValue(c10::Device(c10::kCPU));
  if (value.isList() && !value.isIntList() && !value.isDoubleList() && !value.isBoolList()) {
    c10::impl::GenericList list(value.toList().elementType());
    for (const c10::IValue& element : value.toListRef())
      list.push_back(element.isTensor() ? c10::IValue(call.see(element.toTensor(), written))
                                        : element);
    return c10::IValue(std::move(list));
  }
  return value;
}

// One boxed fallback for all operators: arguments are converted to CPU tensors on the same memory,
// and results back to tensors of the device.
void on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  at::AutoDispatchBelowADInplaceOrView below;
  c10::impl::ExcludeDispatchKeyGuard plain(c10::autocast_dispatch_keyset);
  const auto& schema = op.schema();
  const auto& name = schema.name();
  const auto count = schema.arguments().size(), first = stack->size() - count;
  // Operations that synchronise with a GPU: copies to the host, scalars, and results whose size
  // depends on the data.
  if (name == "aten::_local_scalar_dense" || name == "aten::nonzero" ||
      name == "aten::masked_select" || name == "aten::equal")
    ++reads;
  const bool copies = name == "aten::copy_",
             to_host = copies && !is_fake((*stack)[first].toTensor());
  if (to_host) ++reads;
  Call call{name, copies, {}};
  for (size_t i = 0; i < count; ++i) {
    const auto* info = schema.arguments()[i].alias_info();
    (*stack)[first + i] = translated((*stack)[first + i], info != nullptr && info->isWrite(), call);
  }
  op.callBoxed(stack);
  for (auto& s : call.seen) {
    if (!s.fresh || s.alias.numel() == 0) continue;
    const auto grown = to_fake(s.alias);
    s.original.unsafeGetTensorImpl()->set_storage_keep_dtype(grown.storage());
    s.original.unsafeGetTensorImpl()->set_sizes_and_strides(grown.sizes(), grown.strides());
  }
  for (size_t i = stack->size() - schema.returns().size(); i < stack->size(); ++i) {
    auto& value = (*stack)[i];
    if (value.isTensor()) {
      if (!to_host) value = call.back(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& element : value.toTensorVector()) list.push_back(call.back(element));
      value = c10::IValue(std::move(list));
    }
  }
}

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_cpu>());
}
TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("copy_", torch::CppFunction::makeFromBoxedFunction<&on_cpu>());
}

// Test operators whose arguments after the tensors cannot be passed from .NET.
TORCH_LIBRARY(robust_tickets_test, m) {
  m.def("tensors_then_integers(Tensor x) -> (Tensor, Tensor[], int[])", [](const at::Tensor& x) {
    return std::make_tuple(x.clone(), std::vector<at::Tensor>{x.clone(), x.clone()},
                           std::vector<int64_t>{1});
  });
}

// Copies to the host so far.
extern "C" __attribute__((visibility("default"))) int64_t rt_fake_reads() { return reads.load(); }
