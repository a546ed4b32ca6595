// Heap of large CPU tensors: one address range on huge pages that grows and never shrinks; best
// fit, adjacent free blocks are merged. Unlike with malloc, a freed block fits the next tensor of
// its size (docs/memory.md).
#include "rt.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

namespace {

constexpr size_t kBig = 256 << 10;    // smaller tensors use libtorch's own allocator
constexpr size_t kGrowth = 64 << 20;  // memory is committed in units of this size
constexpr size_t kHugePage = 2 << 20;
// Adjacent blocks start in different L1 sets, as needed for the streams of an optimiser update.
constexpr size_t kStagger = 5 * 64;

class Heap final : public c10::Allocator {
 public:
  // Reserves addresses without memory: twice the machine's memory, so that fragmentation does not
  // matter.
  bool open() {
    const size_t memory =
        static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t wanted = (2 * memory + kGrowth) / kGrowth * kGrowth;
    void* range =
        mmap(nullptr, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) return false;
    begin_ = top_ = ready_ = reinterpret_cast<char*>(
        (reinterpret_cast<uintptr_t>(range) + kHugePage - 1) / kHugePage * kHugePage);
    end_ = begin_ + wanted - kHugePage;
    small_ = c10::GetCPUAllocator();
    return true;
  }

  // const in some versions of libtorch, not in others.
  c10::DataPtr allocate(size_t bytes) const { return const_cast<Heap*>(this)->give(bytes); }
  c10::DataPtr allocate(size_t bytes) { return give(bytes); }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const {
    std::memcpy(to, from, bytes);
  }

  void state(int64_t* reached, int64_t* used, int64_t* holes) {
    std::lock_guard<std::mutex> hold(lock_);
    *reached = ready_ - begin_, *used = static_cast<int64_t>(used_),
    *holes = static_cast<int64_t>(free_.size());
  }

 private:
  static void release(void* data);

  c10::DataPtr give(size_t bytes) {
    if (bytes >= kBig && bytes < static_cast<size_t>(end_ - begin_)) {
      if (char* block = take((bytes + 63) / 64 * 64 + kStagger))
        return {block, block, &release, c10::Device(c10::DeviceType::CPU)};
    }
    return small_->allocate(bytes);
  }

  char* take(size_t size) {
    std::lock_guard<std::mutex> hold(lock_);
    char* block;
    const auto fit = by_size_.lower_bound({size, nullptr});
    if (fit != by_size_.end()) {
      const auto [whole, at] = *fit;
      block = at;
      forget(at, whole);
      if (whole - size >= kBig)
        remember(at + size, whole - size);
      else
        size = whole;
    } else {
      block = top_;
      if (size > static_cast<size_t>(end_ - top_)) return nullptr;
      if (size > static_cast<size_t>(ready_ - top_)) {
        const size_t missing =
            (size - static_cast<size_t>(ready_ - top_) + kGrowth - 1) / kGrowth * kGrowth;
        if (missing > static_cast<size_t>(end_ - ready_) ||
            mprotect(ready_, missing, PROT_READ | PROT_WRITE) != 0)
          return nullptr;
#ifdef MADV_HUGEPAGE
        madvise(ready_, missing, MADV_HUGEPAGE);
#endif
        ready_ += missing;
      }
      top_ += size;
    }
    live_[block] = size;
    used_ += size;
    return block;
  }

  void put(char* block) {
    std::lock_guard<std::mutex> hold(lock_);
    const auto found = live_.find(block);
    size_t size = found->second;
    live_.erase(found);
    used_ -= size;
    auto next = free_.upper_bound(block);
    if (next != free_.end() && block + size == next->first) {
      const auto [at, more] = *next;
      size += more;
      forget(at, more);
    }
    auto before = free_.lower_bound(block);
    if (before != free_.begin() && (--before)->first + before->second == block) {
      const auto [at, more] = *before;
      block = at, size += more;
      forget(at, more);
    }
    if (block + size == top_)
      top_ = block;
    else
      remember(block, size);
  }

  void remember(char* block, size_t size) { free_[block] = size, by_size_.insert({size, block}); }
  void forget(char* block, size_t size) { free_.erase(block), by_size_.erase({size, block}); }

  std::mutex lock_;
  c10::Allocator* small_ = nullptr;
  // Blocks end at top_, committed memory at ready_.
  char *begin_ = nullptr, *top_ = nullptr, *ready_ = nullptr, *end_ = nullptr;
  size_t used_ = 0;
  std::map<char*, size_t> free_;
  std::set<std::pair<size_t, char*>> by_size_;
  std::unordered_map<char*, size_t> live_;
};

Heap* heap = nullptr;  // never destroyed: tensors may outlive static destruction

void Heap::release(void* data) {
  auto* block = static_cast<char*>(data);
  if (block >= heap->begin_ && block < heap->end_)
    heap->put(block);
  else
    heap->small_->raw_deleter()(data);
}

}  // namespace

// Allocates large CPU tensors from the range from now on; called once, before the first tensor.
// Returns 0 if the range cannot be reserved.
RT_API int32_t rt_heap_open() {
  if (heap != nullptr) return 1;
  auto* opened = new Heap();
  if (!opened->open()) {
    delete opened;
    return 0;
  }
  heap = opened;
  c10::SetCPUAllocator(heap);
  return 1;
}

// Bytes committed, bytes in tensors, and the number of holes between them; zeros if the range is
// not open.
RT_API void rt_heap_state(int64_t* reached, int64_t* used, int64_t* holes) {
  *reached = *used = *holes = 0;
  if (heap != nullptr) heap->state(reached, used, holes);
}
