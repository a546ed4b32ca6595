// Operators: resolved by schema name, called boxed through the dispatcher with a packed argument
// array.
#include "rt.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <memory>
#include <mutex>
#include <sstream>
#include <unordered_map>
#include <vector>

namespace {

// Argument types that the boxed kernel requires and the packed tag does not determine.
enum class Expect : uint8_t { kAny, kReal, kOptionalTensors, kTensors };

struct Operator {
  c10::OperatorHandle handle;
  std::string schema;
  std::vector<Expect> expect;
  explicit Operator(c10::OperatorHandle h) : handle(std::move(h)) {
    std::ostringstream text;
    text << handle.schema();
    schema = text.str();
    for (const auto& argument : handle.schema().arguments()) {
      c10::TypePtr type = argument.type();
      if (auto optional = type->cast<c10::OptionalType>()) type = optional->getElementType();
      Expect want = Expect::kAny;
      if (type->kind() == c10::TypeKind::FloatType) want = Expect::kReal;
      if (auto list = type->cast<c10::ListType>()) {
        if (list->getElementType()->kind() == c10::TypeKind::OptionalType)
          want = Expect::kOptionalTensors;
        else if (list->getElementType()->kind() == c10::TypeKind::TensorType)
          want = Expect::kTensors;
      }
      expect.push_back(want);
    }
  }
};

c10::IValue to_ivalue(const Value& v, Expect expect) {
  switch (v.tag) {
    case TagNone:
      return c10::IValue();
    case TagTensor:
      return c10::IValue(rt::borrow(v.tensor));
    case TagInt:
      return expect == Expect::kReal ? c10::IValue(static_cast<double>(v.integer))
                                     : c10::IValue(v.integer);
    case TagDouble:
      return c10::IValue(v.real);
    case TagBool:
      return c10::IValue(v.integer != 0);
    case TagIntList:
      return c10::IValue(c10::IntArrayRef(v.integers, v.count));
    case TagDoubleList:
      return c10::IValue(c10::ArrayRef<double>(v.reals, v.count));
    case TagString:
      return c10::IValue(std::string(v.text, v.count));
    case TagDevice:
      return c10::IValue(c10::Device(rt::device_type(static_cast<int32_t>(v.integer >> 8)),
                                     static_cast<c10::DeviceIndex>((v.integer & 0xff) - 1)));
    case TagTensorList: {
      if (expect == Expect::kOptionalTensors) {
        // A generic list: the optional type's name would bind the source to c10::optional (1.13) or
        // std::optional (2.x).
        c10::impl::GenericList list(c10::OptionalType::create(c10::TensorType::get()));
        for (int32_t i = 0; i < v.count; ++i)
          list.push_back(v.tensors[i] == nullptr ? c10::IValue()
                                                 : c10::IValue(rt::borrow(v.tensors[i])));
        return c10::IValue(std::move(list));
      }
      c10::List<at::Tensor> list;
      for (int32_t i = 0; i < v.count; ++i) list.push_back(rt::borrow(v.tensors[i]));
      return c10::IValue(std::move(list));
    }
    default:
      throw std::invalid_argument("argument of unknown kind " + std::to_string(v.tag));
  }
}

Value to_value(c10::IValue&& result) {
  Value v{};
  if (result.isTensor()) {
    v.tensor = rt::give(std::move(result).toTensor());
    v.tag = v.tensor == nullptr ? TagNone : TagTensor;
  } else if (result.isInt()) {
    v.tag = TagInt, v.integer = result.toInt();
  } else if (result.isDouble()) {
    v.tag = TagDouble, v.real = result.toDouble();
  } else if (result.isBool()) {
    v.tag = TagBool, v.integer = result.toBool();
  } else if (result.isTensorList()) {
    auto tensors = std::move(result).toTensorVector();
    v.tag = TagTensorList;
    v.count = static_cast<int32_t>(tensors.size());
    v.tensors = new c10::TensorImpl*[tensors.size()];
    for (size_t i = 0; i < tensors.size(); ++i) v.tensors[i] = rt::give(std::move(tensors[i]));
  } else if (result.isNone()) {
    v.tag = TagNone;
  } else {
    throw std::invalid_argument("result of kind " + result.tagKind() + " cannot cross the border");
  }
  return v;
}

// Frees a result of to_value.
void drop(const Value& v) {
  if (v.tag == TagTensor) rt_free(v.tensor);
  if (v.tag != TagTensorList) return;
  for (int32_t i = 0; i < v.count; ++i) rt_free(v.tensors[i]);
  delete[] v.tensors;
}

}  // namespace

// Handle of an operator, valid for the life of the process; the same name returns the same handle.
RT_API int32_t rt_op_resolve(const char* name, const char* overload, void** op) {
  return rt::guarded([&] {
    static std::mutex lock;
    static std::unordered_map<std::string, std::unique_ptr<Operator>> known;
    std::lock_guard<std::mutex> hold(lock);
    auto& slot = known[std::string(name) + "." + overload];
    if (!slot) {
      auto handle = c10::Dispatcher::singleton().findSchema(c10::OperatorName(name, overload));
      if (!handle.has_value())
        throw std::invalid_argument(std::string("this libtorch has no operator ") + name + "." +
                                    overload);
      slot = std::make_unique<Operator>(*handle);
    }
    *op = slot.get();
  });
}

// Schema text (valid for the life of the process), and the numbers of arguments, of required
// arguments and of results.
RT_API int32_t rt_op_schema(void* op, const char** text, int32_t* arguments, int32_t* required,
                            int32_t* results) {
  return rt::guarded([&] {
    const auto& self = *static_cast<Operator*>(op);
    const auto& schema = self.handle.schema();
    *text = self.schema.c_str();
    *arguments = static_cast<int32_t>(schema.arguments().size());
    *results = static_cast<int32_t>(schema.returns().size());
    *required = 0;
    for (const auto& a : schema.arguments()) *required += a.default_value().has_value() ? 0 : 1;
  });
}

// Calls `op` with `count` leading arguments; the schema's defaults fill the rest. `results` has
// space for `room` values; room 0 drops all results (in-place operators return their first
// argument). A failed call returns none.
RT_API int32_t rt_op_call(void* op, const Value* arguments, int32_t count, Value* results,
                          int32_t room, int32_t* produced) {
  return rt::guarded([&] {
    const auto& self = *static_cast<Operator*>(op);
    const auto& schema = self.handle.schema();
    const auto total = static_cast<int32_t>(schema.arguments().size());
    if (count > total)
      throw std::invalid_argument("more arguments than the schema takes: " + self.schema);
    torch::jit::Stack stack;
    stack.reserve(total);
    for (int32_t i = 0; i < count; ++i) stack.push_back(to_ivalue(arguments[i], self.expect[i]));
    for (int32_t i = count; i < total; ++i) {
      const auto& fallback = schema.arguments()[i].default_value();
      if (!fallback.has_value())
        throw std::invalid_argument("argument " + schema.arguments()[i].name() +
                                    " is missing: " + self.schema);
      stack.push_back(*fallback);
    }
    self.handle.callBoxed(&stack);
    *produced = 0;
    if (room == 0) return;
    if (static_cast<int32_t>(stack.size()) > room)
      throw std::invalid_argument("too little room for the results of " + self.schema);
    try {
      for (auto& result : stack) {
        results[*produced] = to_value(std::move(result));
        ++*produced;
      }
    } catch (...) {
      while (*produced > 0) drop(results[--*produced]);
      throw;
    }
  });
}

RT_API void rt_free_list(c10::TensorImpl** tensors) { delete[] tensors; }
