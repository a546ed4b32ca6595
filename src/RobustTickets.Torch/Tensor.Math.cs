// Element-wise functions, reductions, and the activations of the models.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

internal sealed partial class Tensor
{
    /// <summary>Negation.</summary>
    public Tensor neg() => Call.Unary(Ops.Neg, this);

    /// <summary>Square root.</summary>
    public Tensor sqrt() => Call.Unary(Ops.Sqrt, this);

    /// <summary>Square.</summary>
    public Tensor square() => Call.Unary(Ops.Square, this);

    /// <summary>1 / x.</summary>
    public Tensor reciprocal() => Call.Unary(Ops.Reciprocal, this);

    /// <summary>e to the x.</summary>
    public Tensor exp() => Call.Unary(Ops.Exp, this);

    /// <summary>Natural logarithm.</summary>
    public Tensor log() => Call.Unary(Ops.Log, this);

    /// <summary>Absolute value.</summary>
    public Tensor abs() => Call.Unary(Ops.Abs, this);

    /// <summary>-1, 0 or 1.</summary>
    public Tensor sign() => Call.Unary(Ops.Sign, this);

    /// <summary>Rounds down.</summary>
    public Tensor floor() => Call.Unary(Ops.Floor, this);

    /// <summary>Hyperbolic tangent.</summary>
    public Tensor tanh() => Call.Unary(Ops.Tanh, this);

    /// <summary>max(x, 0).</summary>
    public Tensor relu() => Call.Unary(Ops.Relu, this);

    /// <summary>1 / (1 + exp(-x)).</summary>
    public Tensor sigmoid() => Call.Unary(Ops.Sigmoid, this);

    /// <summary>x to the power of <paramref name="exponent"/>.</summary>
    public Tensor pow(double exponent) => Call.With(Ops.Pow, this, exponent);

    /// <summary>
    /// log(1 + exp(beta x)) / beta; the identity where beta x exceeds <paramref name="threshold"/>.
    /// </summary>
    public Tensor softplus(double beta = 1, double threshold = 20)
    {
        var call = new OpCall(Ops.Softplus);
        call.Add(this);
        call.Add(beta);
        call.Add(threshold);
        return call.Tensor();
    }

    /// <summary>x * Phi(x) with the exact normal distribution (erf), as in BERT.</summary>
    public Tensor gelu()
    {
        var call = new OpCall(Ops.Gelu);
        call.Add(this);
        call.Add("none");
        return call.Tensor();
    }

    /// <summary>exp(x) / sum exp(x) along <paramref name="dim"/>.</summary>
    public Tensor softmax(int dim)
    {
        var call = new OpCall(Ops.Softmax);
        call.Add(this);
        call.Add((long)dim);
        call.AddNone();
        return call.Tensor();
    }

    /// <summary>log sum exp(x) along <paramref name="dim"/>.</summary>
    public Tensor logsumexp(int dim, bool keepdim = false) => Call.With(Ops.LogSumExp, this, [dim], keepdim);

    /// <summary>Sum of all elements, [].</summary>
    public Tensor sum() => Call.Unary(Ops.Sum, this);

    /// <summary>Sum along one dimension.</summary>
    public Tensor sum(int dim, bool keepdim = false) => Call.With(Ops.SumDim, this, [dim], keepdim);

    /// <summary>Sum along several dimensions.</summary>
    public Tensor sum(ReadOnlySpan<long> dims, bool keepdim = false) => Call.With(Ops.SumDim, this, dims, keepdim);

    /// <summary>Mean of all elements, [].</summary>
    public Tensor mean() => Call.Unary(Ops.Mean, this);

    /// <summary>Mean along one dimension.</summary>
    public Tensor mean(int dim, bool keepdim = false) => Call.With(Ops.MeanDim, this, [dim], keepdim);

    /// <summary>Mean along several dimensions.</summary>
    public Tensor mean(ReadOnlySpan<long> dims, bool keepdim = false) => Call.With(Ops.MeanDim, this, dims, keepdim);

    /// <summary>
    /// Variance along one dimension, with divisor n - <paramref name="correction"/>.
    /// </summary>
    public Tensor var(int dim, int correction = 1, bool keepdim = false)
    {
        var call = new OpCall(Ops.Var);
        call.Add(this);
        call.Add([(long)dim]);
        call.Add((long)correction);
        call.Add(keepdim);
        return call.Tensor();
    }

    /// <summary>p-norm of all elements, [].</summary>
    public Tensor norm(double p = 2) => Call.With(Ops.Norm, this, p);

    /// <summary>p-norm along several dimensions.</summary>
    public Tensor norm(double p, ReadOnlySpan<long> dims, bool keepdim = false)
    {
        var call = new OpCall(Ops.NormDim);
        call.Add(this);
        call.Add(p);
        call.Add(dims);
        call.Add(keepdim);
        return call.Tensor();
    }

    /// <summary>Largest element, [].</summary>
    public Tensor max() => Call.Unary(Ops.Max, this);

    /// <summary>Largest elements along a dimension and their indices (Int64).</summary>
    public (Tensor values, Tensor indices) max(int dim, bool keepdim = false) => Pair(Ops.MaxDim, dim, keepdim);

    /// <summary>Smallest element, [].</summary>
    public Tensor min() => Call.Unary(Ops.Min, this);

    /// <summary>Smallest elements along a dimension and their indices (Int64).</summary>
    public (Tensor values, Tensor indices) min(int dim, bool keepdim = false) => Pair(Ops.MinDim, dim, keepdim);

    /// <summary>
    /// Largest elements along dimensions; the gradient is divided among equal ones.
    /// </summary>
    public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false) => Call.With(Ops.AMax, this, dims, keepdim);

    /// <summary>Indices of the largest elements along a dimension (Int64).</summary>
    public Tensor argmax(int dim, bool keepdim = false) => Call.With(Ops.ArgMax, this, (long)dim, keepdim);

    /// <summary>Whether all elements are true, [].</summary>
    public Tensor all() => Call.Unary(Ops.All, this);

    /// <summary>Whether any element is true, [].</summary>
    public Tensor any() => Call.Unary(Ops.Any, this);

    /// <summary>Sorts along a dimension; returns the permutation too (Int64).</summary>
    public (Tensor values, Tensor indices) sort(int dim = -1, bool descending = false)
    {
        var call = new OpCall(Ops.Sort);
        call.Add(this);
        call.Add((long)dim);
        call.Add(descending);
        return Two(call.Tensors());
    }

    private (Tensor, Tensor) Pair(Op op, int dim, bool keepdim)
    {
        var call = new OpCall(op);
        call.Add(this);
        call.Add((long)dim);
        call.Add(keepdim);
        return Two(call.Tensors());
    }

    private static (Tensor, Tensor) Two(Tensor?[] results) => (results[0]!, results[1]!);
}
