// The C ABI between .NET and libtorch, and shared helpers. It contains no model code: operators are
// resolved by schema name and called boxed, through one entry point.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/DeviceType.h>
#include <torch/version.h>

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <string>

#define RT_ABI 12
// An exported function returns 0, or a status below with a message in rt_last_error() of the same
// thread; no C++ exception escapes. A tensor is passed as an owned TensorImpl pointer (one
// reference, freed by rt_free); null is an undefined tensor.
#define RT_API extern "C" __attribute__((visibility("default")))

enum Status : int32_t {
  kOk = 0,
  kTorchError = 1,
  kStdError = 2,
  kUnknownError = 3,
  kBadArgument = 4
};

// Kinds of values passed through the ABI. `count` is the length of a list or string.
enum Tag : int32_t {
  TagNone = 0,
  TagTensor = 1,
  TagInt = 2,
  TagDouble = 3,
  TagBool = 4,
  TagIntList = 5,
  TagTensorList = 6,
  TagString = 7,
  TagDoubleList = 8,
  TagDevice = 9,
};

struct Value {
  int32_t tag;
  int32_t count;
  union {
    int64_t integer;          // TagInt, TagBool, TagDevice (type << 8 | index + 1)
    double real;              // TagDouble
    c10::TensorImpl* tensor;  // TagTensor: borrowed as an argument, owned by the caller as a result
    const int64_t* integers;  // TagIntList
    const double* reals;      // TagDoubleList
    c10::TensorImpl** tensors;  // TagTensorList: borrowed; as a result freed by rt_free_list
    const char* text;           // TagString
  };
};

RT_API void rt_free(c10::TensorImpl* handle);
RT_API int32_t rt_avx512_supported();

namespace rt {

void set_error(const std::string& text);
extern std::atomic<int64_t> live_handles;

// Device kinds are numbered as in libtorch 2.x; 1.13 has another number for PrivateUse1.
constexpr int32_t kExtension = 20;
inline c10::DeviceType device_type(int32_t code) {
  return code == kExtension ? c10::DeviceType::PrivateUse1 : static_cast<c10::DeviceType>(code);
}
inline int32_t device_code(c10::DeviceType type) {
  return type == c10::DeviceType::PrivateUse1 ? kExtension : static_cast<int32_t>(type);
}

inline at::Tensor borrow(c10::TensorImpl* handle) {
  return handle == nullptr
             ? at::Tensor()
             : at::Tensor(
                   c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(
                       handle));
}

inline c10::TensorImpl* give(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  live_handles.fetch_add(1, std::memory_order_relaxed);
  return tensor.unsafeReleaseTensorImpl();
}

// Blocks signals during a call, so that threads without computation handle them or they wait until
// it ends: oneDNN's GEMM kernels keep their stack on the heap, where a signal frame would overwrite
// the memory below it. Threads started by the call inherit the mask. CoreCLR uses SIGRTMIN to
// suspend threads for garbage collection; it may arrive just after the thread has left managed
// code.
class SignalsWait {
 public:
  SignalsWait() { pthread_sigmask(SIG_BLOCK, &handled(), &before_); }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  static const sigset_t& handled() {
    static const sigset_t signals = [] {
      sigset_t set;
      sigemptyset(&set);
      for (int number :
           {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH,
            SIGURG, SIGIO, SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGRTMIN})
        sigaddset(&set, number);
      return set;
    }();
    return signals;
  }

  sigset_t before_;
};

// Managed code called within a native call: garbage collection must be able to suspend it.
class ManagedCode {
 public:
  ManagedCode() { pthread_sigmask(SIG_UNBLOCK, &stops(), &before_); }
  ~ManagedCode() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  ManagedCode(const ManagedCode&) = delete;
  ManagedCode& operator=(const ManagedCode&) = delete;

 private:
  static const sigset_t& stops() {
    static const sigset_t signals = [] {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGRTMIN);
      return set;
    }();
    return signals;
  }

  sigset_t before_;
};

// Runs `body` and converts any exception to a status and a message.
template <typename Body>
int32_t guarded(Body&& body) {
  const SignalsWait wait;
  try {
    body();
    return kOk;
  } catch (const c10::Error& e) {
    set_error(e.what_without_backtrace());
    return kTorchError;
  } catch (const std::exception& e) {
    set_error(e.what());
    return kStdError;
  } catch (...) {
    set_error("an exception of unknown type");
    return kUnknownError;
  }
}

}  // namespace rt
