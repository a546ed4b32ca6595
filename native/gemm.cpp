// Gemm: C = op(A) op(B) + beta C on row-major memory. Uses oneDNN if the process has it (Debian's
// libtorch links it); only oneDNN multiplies bfloat16. It is found by symbol name, without its
// headers; if libtorch hides its copy, f32 goes through at::addmm.
#include "rt.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/from_blob.h>

#include <dlfcn.h>

namespace {

using Sgemm = int (*)(char, char, int64_t, int64_t, int64_t, float, const float*, int64_t,
                      const float*, int64_t, float, float*, int64_t);
using Bgemm = int (*)(char, char, int64_t, int64_t, int64_t, float, const uint16_t*, int64_t,
                      const uint16_t*, int64_t, float, float*, int64_t);

const Sgemm sgemm = reinterpret_cast<Sgemm>(dlsym(RTLD_DEFAULT, "dnnl_sgemm"));
const Bgemm bgemm = reinterpret_cast<Bgemm>(dlsym(RTLD_DEFAULT, "dnnl_gemm_bf16bf16f32"));

at::Tensor matrix(const float* data, int64_t rows, int64_t columns, int64_t ld, bool transposed) {
  auto* p = const_cast<float*>(data);
  return transposed ? at::from_blob(p, {columns, rows}, {1, ld}, at::kFloat)
                    : at::from_blob(p, {rows, columns}, {ld, 1}, at::kFloat);
}

}  // namespace

// Bit 0: oneDNN multiplies f32; bit 1: oneDNN multiplies bfloat16.
RT_API int32_t rt_gemm_kinds() { return (sgemm != nullptr ? 1 : 0) | (bgemm != nullptr ? 2 : 0); }

// C [m, n] (row stride ldc) = op(A) [m, k] op(B) [k, n] + beta C; A and B are bfloat16 if `bf16`,
// else float. `ta`: A is stored [k, m]; `tb` likewise. `plain` uses libtorch's own BLAS for f32.
RT_API int32_t rt_gemm(int32_t bf16, int32_t plain, int32_t ta, int32_t tb, int64_t m, int64_t n,
                       int64_t k, const void* a, int64_t lda, const void* b, int64_t ldb,
                       float beta, float* c, int64_t ldc) {
  return rt::guarded([&] {
    const char left = ta ? 'T' : 'N', right = tb ? 'T' : 'N';
    int status = 0;
    if (bf16 != 0) {
      if (bgemm == nullptr) throw std::runtime_error("this libtorch offers no bfloat16 product");
      status = bgemm(left, right, m, n, k, 1.0f, static_cast<const uint16_t*>(a), lda,
                     static_cast<const uint16_t*>(b), ldb, beta, c, ldc);
    } else if (sgemm != nullptr && plain == 0) {
      status = sgemm(left, right, m, n, k, 1.0f, static_cast<const float*>(a), lda,
                     static_cast<const float*>(b), ldb, beta, c, ldc);
    } else {
      auto x = matrix(static_cast<const float*>(a), ta != 0 ? k : m, ta != 0 ? m : k, lda, ta != 0);
      auto y = matrix(static_cast<const float*>(b), tb != 0 ? n : k, tb != 0 ? k : n, ldb, tb != 0);
      auto z = matrix(c, m, n, ldc, false);
      at::addmm_out(z, z, x, y, beta, 1.0);
    }
    if (status != 0)
      throw std::runtime_error("oneDNN refused the product, status " + std::to_string(status));
  });
}
