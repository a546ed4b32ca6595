// Ranks that train together: a c10d process group over a TCP store, on Gloo (CPU tensors; CUDA
// tensors in CUDA builds). Gloo's headers are optional (Debian: libgloo-dev); without them opening
// a group fails by name and nothing else changes.
#include "rt.h"

#ifndef RT_WITHOUT_GLOO
#define USE_C10D_GLOO 1
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>

#include <chrono>
#include <cstdlib>
#include <vector>

namespace {

struct Group {
  c10::intrusive_ptr<c10d::Store> store;  // on rank 0 the server: lives as long as the group
  c10::intrusive_ptr<c10d::ProcessGroupGloo> processes;
};

Group& group_of(void* handle) { return *static_cast<Group*>(handle); }

}  // namespace

RT_API int32_t rt_group_supported() { return 1; }

// Joins `size` ranks at host:port; rank 0 serves the store there. Returns when all have come or
// `seconds` have passed.
RT_API int32_t rt_group_open(const char* host, int32_t port, int32_t rank, int32_t size,
                             int32_t seconds, void** group) {
  return rt::guarded([&] {
    const std::chrono::milliseconds timeout(static_cast<int64_t>(seconds) * 1000);
    c10d::TCPStoreOptions settings;
    settings.port = static_cast<std::uint16_t>(port);
    settings.isServer = rank == 0;
    settings.numWorkers = static_cast<std::size_t>(size);
    settings.timeout = timeout;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    settings.useLibUV = false;  // the default from 2.4 on, absent from some builds
#endif
    auto made = std::make_unique<Group>();
    made->store = c10::make_intrusive<c10d::TCPStore>(host, settings);
    auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
    const std::string name(host);
    options->devices.push_back(interface != nullptr
                                   ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                               : name == "localhost" || name == "127.0.0.1"
                                   ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                   : c10d::ProcessGroupGloo::createDefaultDevice());
    options->threads = 2;
    made->processes = c10::make_intrusive<c10d::ProcessGroupGloo>(made->store, rank, size, options);
    *group = made.release();
  });
}

// Replaces every tensor by its sum over all ranks; all transfers are under way at once.
RT_API int32_t rt_group_sum(void* group, c10::TensorImpl** tensors, int32_t count) {
  return rt::guarded([&] {
    std::vector<c10::intrusive_ptr<c10d::Work>> works;
    std::vector<std::vector<at::Tensor>> held;
    held.reserve(count);
    for (int32_t i = 0; i < count; ++i) {
      held.push_back({rt::borrow(tensors[i]).detach()});
      works.push_back(group_of(group).processes->allreduce(held.back()));
    }
    for (auto& work : works) work->wait();
  });
}

// Replaces the tensor on every rank by the root's.
RT_API int32_t rt_group_broadcast(void* group, c10::TensorImpl* tensor, int32_t root) {
  return rt::guarded([&] {
    std::vector<at::Tensor> held{rt::borrow(tensor).detach()};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    group_of(group).processes->broadcast(held, options)->wait();
  });
}

RT_API int32_t rt_group_barrier(void* group) {
  return rt::guarded([&] { group_of(group).processes->barrier()->wait(); });
}

RT_API int32_t rt_group_close(void* group) {
  return rt::guarded([&] { delete static_cast<Group*>(group); });
}

#else

namespace {
int32_t refused() {
  return rt::guarded([] {
    throw std::runtime_error(
        "the native part was built without Gloo: apt-get install libgloo-dev, then "
        "native/build.sh");
  });
}
}  // namespace

RT_API int32_t rt_group_supported() { return 0; }
RT_API int32_t rt_group_open(const char*, int32_t, int32_t, int32_t, int32_t, void**) {
  return refused();
}
RT_API int32_t rt_group_sum(void*, c10::TensorImpl**, int32_t) { return refused(); }
RT_API int32_t rt_group_broadcast(void*, c10::TensorImpl*, int32_t) { return refused(); }
RT_API int32_t rt_group_barrier(void*) { return refused(); }
RT_API int32_t rt_group_close(void*) { return refused(); }

#endif
