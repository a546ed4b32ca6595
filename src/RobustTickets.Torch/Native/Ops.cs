// Every operator this library calls, by its schema name in libtorch. The number is that of leading
// arguments our callers pass. A test resolves each one and checks the number against the schema of
// the installed libtorch.
namespace RobustTickets.Torch.Native;

/// <summary>
/// The operators in use. Others need one line: <c>new Op("aten::name", "overload", passed)</c> with
/// <see cref="OpCall"/>.
/// </summary>
internal static class Ops
{
    // creation and copies
    internal static readonly Op Arange = new("aten::arange", "start_step", 7);
    internal static readonly Op Clone = new("aten::clone", "", 1);
    internal static readonly Op Contiguous = new("aten::contiguous", "", 1);
    internal static readonly Op Detach = new("aten::detach", "", 1);
    internal static readonly Op ToDType = new("aten::to", "dtype", 4);
    internal static readonly Op ToDevice = new("aten::to", "device", 5);
    internal static readonly Op CopyInPlace = new("aten::copy_", "", 3);
    internal static readonly Op ZeroInPlace = new("aten::zero_", "", 1);
    internal static readonly Op FillInPlace = new("aten::fill_", "Scalar", 2);
    internal static readonly Op UniformInPlace = new("aten::uniform_", "", 3);
    internal static readonly Op NormalInPlace = new("aten::normal_", "", 3);

    // arithmetic
    internal static readonly Op Add = new("aten::add", "Tensor", 3);
    internal static readonly Op AddScalar = new("aten::add", "Scalar", 2);
    internal static readonly Op AddInPlace = new("aten::add_", "Tensor", 3);
    internal static readonly Op AddScalarInPlace = new("aten::add_", "Scalar", 2);
    internal static readonly Op Sub = new("aten::sub", "Tensor", 3);
    internal static readonly Op SubScalar = new("aten::sub", "Scalar", 2);
    internal static readonly Op SubInPlace = new("aten::sub_", "Tensor", 3);
    internal static readonly Op SubScalarInPlace = new("aten::sub_", "Scalar", 2);
    internal static readonly Op RSubScalar = new("aten::rsub", "Scalar", 2);
    internal static readonly Op Mul = new("aten::mul", "Tensor", 2);
    internal static readonly Op MulScalar = new("aten::mul", "Scalar", 2);
    internal static readonly Op MulInPlace = new("aten::mul_", "Tensor", 2);
    internal static readonly Op MulScalarInPlace = new("aten::mul_", "Scalar", 2);
    internal static readonly Op Div = new("aten::div", "Tensor", 2);
    internal static readonly Op DivScalar = new("aten::div", "Scalar", 2);
    internal static readonly Op Neg = new("aten::neg", "", 1);
    internal static readonly Op AddCMulInPlace = new("aten::addcmul_", "", 4);
    internal static readonly Op AddCDivInPlace = new("aten::addcdiv_", "", 4);
    internal static readonly Op Pow = new("aten::pow", "Tensor_Scalar", 2);
    internal static readonly Op Clamp = new("aten::clamp", "", 3);
    internal static readonly Op ClampInPlace = new("aten::clamp_", "", 3);

    // element-wise functions
    internal static readonly Op Sqrt = new("aten::sqrt", "", 1);
    internal static readonly Op Exp = new("aten::exp", "", 1);
    internal static readonly Op Log = new("aten::log", "", 1);
    internal static readonly Op Abs = new("aten::abs", "", 1);
    internal static readonly Op Sign = new("aten::sign", "", 1);
    internal static readonly Op Floor = new("aten::floor", "", 1);
    internal static readonly Op Reciprocal = new("aten::reciprocal", "", 1);
    internal static readonly Op Square = new("aten::square", "", 1);
    internal static readonly Op Tanh = new("aten::tanh", "", 1);
    internal static readonly Op Relu = new("aten::relu", "", 1);
    internal static readonly Op Sigmoid = new("aten::sigmoid", "", 1);
    internal static readonly Op Softplus = new("aten::softplus", "", 3);
    internal static readonly Op Gelu = new("aten::gelu", "", 2);
    internal static readonly Op Softmax = new("aten::softmax", "int", 3);
    internal static readonly Op LogSumExp = new("aten::logsumexp", "", 3);

    // bits
    internal static readonly Op BitAndScalarInPlace = new("aten::bitwise_and_", "Scalar", 2);
    internal static readonly Op BitXorInPlace = new("aten::bitwise_xor_", "Tensor", 2);
    internal static readonly Op BitXorScalarInPlace = new("aten::bitwise_xor_", "Scalar", 2);
    internal static readonly Op ShiftRightScalar = new("aten::bitwise_right_shift", "Tensor_Scalar", 2);

    // products
    internal static readonly Op Matmul = new("aten::matmul", "", 2);
    internal static readonly Op Mm = new("aten::mm", "", 2);
    internal static readonly Op MmOut = new("aten::mm", "out", 3);
    internal static readonly Op Addmm = new("aten::addmm", "", 5);
    internal static readonly Op Linear = new("aten::linear", "", 3);

    // shapes
    internal static readonly Op T = new("aten::t", "", 1);
    internal static readonly Op Transpose = new("aten::transpose", "int", 3);
    internal static readonly Op Reshape = new("aten::reshape", "", 2);
    internal static readonly Op View = new("aten::view", "", 2);
    internal static readonly Op Narrow = new("aten::narrow", "", 4);
    internal static readonly Op Select = new("aten::select", "int", 3);
    internal static readonly Op Slice = new("aten::slice", "Tensor", 5);
    internal static readonly Op Unsqueeze = new("aten::unsqueeze", "", 2);
    internal static readonly Op Expand = new("aten::expand", "", 2);
    internal static readonly Op Flatten = new("aten::flatten", "using_ints", 3);
    internal static readonly Op Cat = new("aten::cat", "", 2);
    internal static readonly Op Stack = new("aten::stack", "", 2);
    internal static readonly Op Split = new("aten::split_with_sizes", "", 3);

    // indexing
    internal static readonly Op IndexSelect = new("aten::index_select", "", 3);
    internal static readonly Op Index = new("aten::index", "Tensor", 2);
    internal static readonly Op Gather = new("aten::gather", "", 3);
    internal static readonly Op ScatterInPlace = new("aten::scatter_", "src", 4);
    internal static readonly Op ScatterScalarInPlace = new("aten::scatter_", "value", 4);
    internal static readonly Op MaskedFill = new("aten::masked_fill", "Scalar", 3);
    internal static readonly Op Where = new("aten::where", "self", 3);
    internal static readonly Op Sort = new("aten::sort", "", 3);

    // reductions
    internal static readonly Op Sum = new("aten::sum", "", 1);
    internal static readonly Op SumDim = new("aten::sum", "dim_IntList", 3);
    internal static readonly Op Mean = new("aten::mean", "", 1);
    internal static readonly Op MeanDim = new("aten::mean", "dim", 3);
    internal static readonly Op Var = new("aten::var", "correction", 4);
    internal static readonly Op Max = new("aten::max", "", 1);
    internal static readonly Op MaxDim = new("aten::max", "dim", 3);
    internal static readonly Op Min = new("aten::min", "", 1);
    internal static readonly Op MinDim = new("aten::min", "dim", 3);
    internal static readonly Op AMax = new("aten::amax", "", 3);
    internal static readonly Op ArgMax = new("aten::argmax", "", 3);
    internal static readonly Op Norm = new("aten::norm", "Scalar", 2);
    internal static readonly Op NormDim = new("aten::norm", "ScalarOpt_dim", 4);
    internal static readonly Op All = new("aten::all", "", 1);
    internal static readonly Op Any = new("aten::any", "", 1);
    internal static readonly Op Equal = new("aten::equal", "", 2);
    internal static readonly Op AllClose = new("aten::allclose", "", 4);

    // comparisons
    internal static readonly Op Gt = new("aten::gt", "Tensor", 2);
    internal static readonly Op GtScalar = new("aten::gt", "Scalar", 2);
    internal static readonly Op Ge = new("aten::ge", "Tensor", 2);
    internal static readonly Op GeScalar = new("aten::ge", "Scalar", 2);
    internal static readonly Op Lt = new("aten::lt", "Tensor", 2);
    internal static readonly Op LtScalar = new("aten::lt", "Scalar", 2);
    internal static readonly Op Le = new("aten::le", "Tensor", 2);
    internal static readonly Op LeScalar = new("aten::le", "Scalar", 2);
    internal static readonly Op LogicalNot = new("aten::logical_not", "", 1);
    internal static readonly Op IsFinite = new("aten::isfinite", "", 1);

    // layers and losses
    internal static readonly Op LayerNorm = new("aten::layer_norm", "", 5);
    internal static readonly Op Embedding = new("aten::embedding", "", 3);
    internal static readonly Op Dropout = new("aten::dropout", "", 3);
    internal static readonly Op CrossEntropy = new("aten::cross_entropy_loss", "", 6);

    // lists of tensors in one launch
    internal static readonly Op ForeachNorm = new("aten::_foreach_norm", "Scalar", 2);
    internal static readonly Op ForeachMulScalarInPlace = new("aten::_foreach_mul_", "Scalar", 2);

    /// <summary>
    /// Operators of libtorch 2.x that are used if available; each has a fallback.
    /// </summary>
    public static class Newer
    {
        internal static readonly Op ScaledDotProductAttention = new("aten::scaled_dot_product_attention", "", 6);
        internal static readonly Op FusedAdamWInPlace = new("aten::_fused_adamw_", "", 13);

        /// <summary>All newer operators.</summary>
        public static IReadOnlyList<Op> Table { get; } = [ScaledDotProductAttention, FusedAdamWInPlace];
    }

    /// <summary>All operators, for checks of a libtorch.</summary>
    public static IReadOnlyList<Op> Table { get; } =
    [
        .. typeof(Ops)
            .GetFields(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
            .Where(f => f.FieldType == typeof(Op))
            .Select(f => (Op)f.GetValue(null)!),
    ];
}
