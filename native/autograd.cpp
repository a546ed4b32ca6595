// Autograd: backward, grad, grad mode, and a node whose backward is managed code.
#include "rt.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/graph_task.h>

#include <memory>
#include <utility>
#include <vector>

namespace {

using torch::autograd::Variable;
using torch::autograd::variable_list;

variable_list borrow_all(c10::TensorImpl** handles, int32_t count) {
  variable_list list;
  list.reserve(count);
  for (int32_t i = 0; i < count; ++i) list.push_back(rt::borrow(handles[i]));
  return list;
}

// Managed backward. `gradients` are owned by the callee, null = undefined. It fills `results` with
// owned handles, null = no gradient. Returns 0, or the number under which the managed side stores
// the exception to rethrow.
using Backward = int64_t (*)(void* context, c10::TensorImpl** gradients, int32_t count,
                             c10::TensorImpl** results, int32_t result_count);
using Release = void (*)(void* context);

struct ManagedNode;
// The node whose managed backward runs on this thread.
thread_local ManagedNode* running = nullptr;

struct ManagedNode : torch::autograd::Node {
  Backward backward;
  Release release;
  void* context;
  int32_t inputs;
  std::string label;

  ManagedNode(Backward b, Release r, void* c, int32_t n, const char* l)
      : backward(b), release(r), context(c), inputs(n), label(l) {}
  ~ManagedNode() override { drop(); }

  std::string name() const override { return label; }
  void release_variables() override { drop(); }

  variable_list apply(variable_list&& gradients) override {
    if (context == nullptr)
      throw std::runtime_error("backward through " + label +
                               " a second time: its saved tensors were freed; pass retain_graph");
    std::vector<c10::TensorImpl*> given;
    for (auto& g : gradients) given.push_back(rt::give(std::move(g)));
    std::vector<c10::TensorImpl*> got(inputs, nullptr);
    ManagedNode* outer = running;
    running = this;
    int64_t failed;
    {
      const rt::ManagedCode managed;
      failed =
          backward(context, given.data(), static_cast<int32_t>(given.size()), got.data(), inputs);
    }
    running = outer;
    variable_list results;
    for (auto* handle : got) {
      results.push_back(rt::borrow(handle));
      if (handle != nullptr) {
        rt::live_handles.fetch_sub(1, std::memory_order_relaxed);
        c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(handle);
      }
    }
    if (failed != 0)
      throw std::runtime_error("managed exception #" + std::to_string(failed) +
                               " in the backward of " + label);
    return results;
  }

 private:
  void drop() {
    if (context == nullptr) return;
    void* once = context;
    context = nullptr;
    const rt::ManagedCode managed;
    release(once);
  }
};

}  // namespace

RT_API int32_t rt_backward(c10::TensorImpl** roots, int32_t count, c10::TensorImpl** gradients,
                           int32_t retain_graph) {
  return rt::guarded([&] {
    torch::autograd::backward(borrow_all(roots, count),
                              gradients == nullptr ? variable_list() : borrow_all(gradients, count),
                              retain_graph != 0, false);
  });
}

RT_API int32_t rt_grad_of(c10::TensorImpl** outputs, int32_t output_count, c10::TensorImpl** inputs,
                          int32_t input_count, c10::TensorImpl** gradients, int32_t retain_graph,
                          int32_t create_graph, int32_t allow_unused, c10::TensorImpl** results) {
  return rt::guarded([&] {
    auto found = torch::autograd::grad(
        borrow_all(outputs, output_count), borrow_all(inputs, input_count),
        gradients == nullptr ? variable_list() : borrow_all(gradients, output_count),
        retain_graph != 0, create_graph != 0, allow_unused != 0);
    for (int32_t i = 0; i < input_count; ++i) results[i] = rt::give(std::move(found[i]));
  });
}

// Called within a managed backward: is the gradient of input `input` needed? 0: no; 1: as a result
// (grad() requested it); 2: to be accumulated, so a leaf's gradient may be added to its slot
// instead of being returned.
RT_API int32_t rt_backward_wants(int32_t input) {
  if (running == nullptr || input < 0 || input >= running->inputs ||
      !running->task_should_compute_output(input))
    return 0;
  const auto* chosen = torch::autograd::get_current_graph_task_exec_info();
  return chosen == nullptr || chosen->empty() ? 2 : 1;
}

// Calls `done` in every backward once the gradient of `tensor` is complete: backward has run for
// everything computed from it. `done` returns 0, or a number as Backward does. `release` is called
// exactly once, when the graph is freed or, on failure, when this call ends.
RT_API int32_t rt_on_gradient(c10::TensorImpl* tensor, int64_t (*done)(void* context),
                              Release release, void* context) {
  struct Hook {
    int64_t (*done)(void*);
    Release release;
    void* context;
    Hook(int64_t (*d)(void*), Release r, void* c) : done(d), release(r), context(c) {}
    Hook(Hook&& other) : Hook(other.done, std::exchange(other.release, nullptr), other.context) {}
    ~Hook() {
      if (release == nullptr) return;
      const rt::ManagedCode managed;
      release(context);
    }
  };
  return rt::guarded([&] {
    Hook taken{done, release, context};  // releases it if allocation fails
    const auto hook = std::make_shared<Hook>(std::move(taken));
    rt::borrow(tensor).register_hook([hook](const at::Tensor&) {
      int64_t failed;
      {
        const rt::ManagedCode managed;
        failed = hook->done(hook->context);
      }
      if (failed != 0)
        throw std::runtime_error("managed exception #" + std::to_string(failed) +
                                 " when a gradient was whole");
    });
  });
}

RT_API int32_t rt_grad_mode() { return c10::GradMode::is_enabled() ? 1 : 0; }
RT_API void rt_set_grad_mode(int32_t enabled) { c10::GradMode::set_enabled(enabled != 0); }

// Records one autograd node with managed backward for `outputs`, which were computed from `inputs`
// without recording. `attached` is 0 when nothing is to be recorded (grad mode off, or no input
// requires grad); `release` has then been called already. Otherwise it is called exactly once:
// after the node's backward when the graph is not retained, or when the node is destroyed.
RT_API int32_t rt_custom_node(c10::TensorImpl** inputs, int32_t input_count,
                              c10::TensorImpl** outputs, int32_t output_count, Backward backward,
                              Release release, void* context, const char* label,
                              int32_t* attached) {
  return rt::guarded([&] {
    *attached = 0;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 13)
    auto node = c10::make_intrusive<ManagedNode>(backward, release, context, input_count, label);
#else
    auto node = std::shared_ptr<ManagedNode>(
        new ManagedNode(backward, release, context, input_count, label),
        torch::autograd::deleteNode);
#endif
    auto from = borrow_all(inputs, input_count);
    bool wanted = c10::GradMode::is_enabled();
    bool any = false;
    for (const auto& t : from) any = any || (t.defined() && t.requires_grad());
    if (!wanted || !any) return;
    for (int32_t i = 0; i < output_count; ++i) {
      auto out = rt::borrow(outputs[i]);
      if (out.requires_grad())
        throw std::invalid_argument("output " + std::to_string(i) + " of " + std::string(label) +
                                    " has a history already");
    }
    node->set_next_edges(torch::autograd::collect_next_edges(from));
    for (int32_t i = 0; i < output_count; ++i) {
      auto out = rt::borrow(outputs[i]);
      torch::autograd::set_history(out, node);
    }
    *attached = 1;
  });
}
