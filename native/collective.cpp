// Ranks of distributed training: a c10d process group over a TCP or file store, with Gloo (CPU
// tensors; CUDA tensors in CUDA builds). Gloo's headers are optional (Debian: libgloo-dev);
// without them opening a group fails with a clear error and nothing else changes.
#include "rt.h"

#ifndef RT_WITHOUT_GLOO
#define USE_C10D_GLOO 1
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>

#include <chrono>
#include <cstdlib>
#include <vector>

namespace {

struct Store {
  c10::intrusive_ptr<c10d::Store> store;  // on rank 0 the server; must live as long as the group
};

std::chrono::milliseconds milliseconds(int32_t seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds) * 1000);
}

// Pending transfers, with the tensors they read and write.
struct Work {
  std::vector<c10::intrusive_ptr<c10d::Work>> works;
  std::vector<std::vector<at::Tensor>> held;
};

c10d::ProcessGroupGloo& group_of(void* handle) {
  return **static_cast<c10::intrusive_ptr<c10d::ProcessGroupGloo>*>(handle);
}

}  // namespace

RT_API int32_t rt_group_supported() { return 1; }

// The store at host:port through which ranks find each other. The server (rank 0) may pass port 0
// and gets the actual port back; it listens on every interface.
RT_API int32_t rt_store_open(const char* host, int32_t port, int32_t server, int32_t seconds,
                             int32_t* bound, void** store) {
  return rt::guarded([&] {
    auto made = std::make_unique<Store>();
    c10d::TCPStoreOptions settings;
    settings.port = static_cast<std::uint16_t>(port);
    settings.isServer = server != 0;
    settings.waitWorkers = false;
    settings.timeout = milliseconds(seconds);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    settings.useLibUV = false;  // the default since 2.4, missing in some builds
#endif
    auto tcp = c10::make_intrusive<c10d::TCPStore>(host, settings);
    *bound = tcp->getPort();
    made->store = std::move(tcp);
    *store = made.release();
  });
}

// The store in a file that all ranks of this host open.
RT_API int32_t rt_store_file(const char* path, int32_t size, int32_t seconds, void** store) {
  return rt::guarded([&] {
    auto made = std::make_unique<Store>();
    made->store = c10::make_intrusive<c10d::FileStore>(path, size);
    made->store->setTimeout(milliseconds(seconds));
    *store = made.release();
  });
}

RT_API int32_t rt_store_close(void* store) {
  return rt::guarded([&] { delete static_cast<Store*>(store); });
}

// Joins a group of `size` ranks; `address` is where the others reach this one. The time-out is that
// of transfers.
RT_API int32_t rt_group_open(void* store, const char* address, int32_t rank, int32_t size,
                             int32_t seconds, void** group) {
  return rt::guarded([&] {
    auto& at = *static_cast<Store*>(store);
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(seconds));
    const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
    options->devices.push_back(interface != nullptr
                                   ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                   : c10d::ProcessGroupGloo::createDeviceForHostname(address));
    options->threads = 2;
    *group = new c10::intrusive_ptr<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::ProcessGroupGloo>(at.store, rank, size, options));
  });
}

// Starts to replace every tensor by its sum over all ranks.
RT_API int32_t rt_group_sum(void* group, c10::TensorImpl** tensors, int32_t count, void** work) {
  return rt::guarded([&] {
    auto made = std::make_unique<Work>();
    made->held.reserve(count);
    for (int32_t i = 0; i < count; ++i) {
      made->held.push_back({rt::borrow(tensors[i]).detach()});
      made->works.push_back(group_of(group).allreduce(made->held.back()));
    }
    *work = made.release();
  });
}

// Starts to replace the tensor on every rank by the root's.
RT_API int32_t rt_group_broadcast(void* group, c10::TensorImpl* tensor, int32_t root, void** work) {
  return rt::guarded([&] {
    auto made = std::make_unique<Work>();
    made->held.push_back({rt::borrow(tensor).detach()});
    c10d::BroadcastOptions options;
    options.rootRank = root;
    made->works.push_back(group_of(group).broadcast(made->held.back(), options));
    *work = made.release();
  });
}

// Waits for transfers up to a time limit; a caller with other events to check polls with short
// limits.
RT_API int32_t rt_work_wait(void* work, int32_t milliseconds, int32_t* done) {
  return rt::guarded([&] {
    *done = 0;
    for (auto& one : static_cast<Work*>(work)->works) {
      try {
        one->wait(std::chrono::milliseconds(milliseconds));
      } catch (...) {
        if (!one->isCompleted()) return;
        one->wait();  // the transfer may have just timed out: throws its error, if any
      }
    }
    *done = 1;
  });
}

RT_API int32_t rt_work_free(void* work) {
  return rt::guarded([&] { delete static_cast<Work*>(work); });
}

RT_API int32_t rt_group_close(void* group) {
  return rt::guarded(
      [&] { delete static_cast<c10::intrusive_ptr<c10d::ProcessGroupGloo>*>(group); });
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
RT_API int32_t rt_store_open(const char*, int32_t, int32_t, int32_t, int32_t*, void**) {
  return refused();
}
RT_API int32_t rt_store_file(const char*, int32_t, int32_t, void**) { return refused(); }
RT_API int32_t rt_store_close(void*) { return refused(); }
RT_API int32_t rt_group_open(void*, const char*, int32_t, int32_t, int32_t, void**) {
  return refused();
}
RT_API int32_t rt_group_sum(void*, c10::TensorImpl**, int32_t, void**) { return refused(); }
RT_API int32_t rt_group_broadcast(void*, c10::TensorImpl*, int32_t, void**) { return refused(); }
RT_API int32_t rt_work_wait(void*, int32_t, int32_t*) { return refused(); }
RT_API int32_t rt_work_free(void*) { return refused(); }
RT_API int32_t rt_group_close(void*) { return refused(); }

#endif
