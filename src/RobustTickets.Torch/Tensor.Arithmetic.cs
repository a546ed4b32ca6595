// Arithmetic, matrix products, comparisons. Tensors broadcast as in PyTorch; a scalar never changes
// the dtype of a floating-point tensor. Names ending in an underscore modify this tensor and return
// it.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

internal sealed partial class Tensor
{
    /// <summary>Sum, element by element.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => Call.Binary(Ops.Add, a, b);

    /// <summary>Sum with a number.</summary>
    public static Tensor operator +(Tensor a, double b) => Call.With(Ops.AddScalar, a, b);

    /// <summary>Sum with an integer; keeps integer dtypes.</summary>
    public static Tensor operator +(Tensor a, long b) => Call.With(Ops.AddScalar, a, b);

    /// <summary>Difference, element by element.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => Call.Binary(Ops.Sub, a, b);

    /// <summary>Difference with a number.</summary>
    public static Tensor operator -(Tensor a, double b) => Call.With(Ops.SubScalar, a, b);

    /// <summary>Difference with an integer; keeps integer dtypes.</summary>
    public static Tensor operator -(Tensor a, long b) => Call.With(Ops.SubScalar, a, b);

    /// <summary>Product, element by element.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => Call.Binary(Ops.Mul, a, b);

    /// <summary>Product with a number.</summary>
    public static Tensor operator *(Tensor a, double b) => Call.With(Ops.MulScalar, a, b);

    /// <summary>Product with an integer; keeps integer dtypes.</summary>
    public static Tensor operator *(Tensor a, long b) => Call.With(Ops.MulScalar, a, b);

    /// <summary>Quotient, element by element.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => Call.Binary(Ops.Div, a, b);

    /// <summary>Quotient with a number.</summary>
    public static Tensor operator /(Tensor a, double b) => Call.With(Ops.DivScalar, a, b);

    /// <summary>Sum with a number.</summary>
    public static Tensor operator +(double a, Tensor b) => b + a;

    /// <summary>Product with a number.</summary>
    public static Tensor operator *(double a, Tensor b) => b * a;

    /// <summary>A number minus a tensor.</summary>
    public static Tensor operator -(double a, Tensor b) => Call.With(Ops.RSubScalar, b, a);

    /// <summary>A number divided by a tensor.</summary>
    public static Tensor operator /(double a, Tensor b)
    {
        using var scope = torch.scope();
        return scope.Keep(b.reciprocal() * a);
    }

    /// <summary>Negation.</summary>
    public static Tensor operator -(Tensor a) => a.neg();

    /// <summary>Adds alpha * other in place.</summary>
    public Tensor add_(Tensor other, double alpha = 1)
    {
        var call = new OpCall(Ops.AddInPlace);
        call.Add(this);
        call.Add(other);
        call.Add(alpha);
        call.Run();
        return this;
    }

    /// <summary>Subtracts alpha * other in place.</summary>
    public Tensor sub_(Tensor other, double alpha = 1)
    {
        var call = new OpCall(Ops.SubInPlace);
        call.Add(this);
        call.Add(other);
        call.Add(alpha);
        call.Run();
        return this;
    }

    /// <summary>Adds a number in place.</summary>
    public Tensor add_(double value) => Call.InPlace(Ops.AddScalarInPlace, this, value);

    /// <summary>Subtracts a number in place.</summary>
    public Tensor sub_(double value) => Call.InPlace(Ops.SubScalarInPlace, this, value);

    /// <summary>Multiplies in place.</summary>
    public Tensor mul_(Tensor other) => Call.InPlace(Ops.MulInPlace, this, other);

    /// <summary>Multiplies by a number in place.</summary>
    public Tensor mul_(double value) => Call.InPlace(Ops.MulScalarInPlace, this, value);

    /// <summary>Adds value * a * b in place.</summary>
    public Tensor addcmul_(Tensor a, Tensor b, double value = 1)
    {
        var call = new OpCall(Ops.AddCMulInPlace);
        call.Add(this);
        call.Add(a);
        call.Add(b);
        call.Add(value);
        call.Run();
        return this;
    }

    /// <summary>Adds value * a / b in place.</summary>
    public Tensor addcdiv_(Tensor a, Tensor b, double value = 1)
    {
        var call = new OpCall(Ops.AddCDivInPlace);
        call.Add(this);
        call.Add(a);
        call.Add(b);
        call.Add(value);
        call.Run();
        return this;
    }

    /// <summary>
    /// Copies <paramref name="source"/> (broadcast, converted, from any device) into this tensor.
    /// </summary>
    public Tensor copy_(Tensor source) => Call.InPlace(Ops.CopyInPlace, this, source);

    /// <summary>Sets every element to zero.</summary>
    public Tensor zero_() => Call.InPlace(Ops.ZeroInPlace, this);

    /// <summary>Sets every element to a number.</summary>
    public Tensor fill_(double value) => Call.InPlace(Ops.FillInPlace, this, value);

    /// <summary>Fills with uniform numbers in [from, to) from libtorch's generator.</summary>
    public Tensor uniform_(double from = 0, double to = 1)
    {
        var call = new OpCall(Ops.UniformInPlace);
        call.Add(this);
        call.Add(from);
        call.Add(to);
        call.Run();
        return this;
    }

    /// <summary>Fills with normal numbers from libtorch's generator.</summary>
    public Tensor normal_(double mean = 0, double std = 1)
    {
        var call = new OpCall(Ops.NormalInPlace);
        call.Add(this);
        call.Add(mean);
        call.Add(std);
        call.Run();
        return this;
    }

    /// <summary>Clamps every element to [min, max]; null leaves a side open.</summary>
    public Tensor clamp(double? min = null, double? max = null)
    {
        var call = new OpCall(Ops.Clamp);
        call.Add(this);
        if (min is { } low)
            call.Add(low);
        else
            call.AddNone();
        if (max is { } high)
            call.Add(high);
        else
            call.AddNone();
        return call.Tensor();
    }

    /// <summary>Clamps every element to [min, max] in place; null leaves a side open.</summary>
    public Tensor clamp_(double? min = null, double? max = null)
    {
        var call = new OpCall(Ops.ClampInPlace);
        call.Add(this);
        if (min is { } low)
            call.Add(low);
        else
            call.AddNone();
        if (max is { } high)
            call.Add(high);
        else
            call.AddNone();
        call.Run();
        return this;
    }

    /// <summary>Matrix product with PyTorch's batching rules.</summary>
    public Tensor matmul(Tensor other) => Call.Binary(Ops.Matmul, this, other);

    /// <summary>[n, k] x [k, m] -> [n, m].</summary>
    public Tensor mm(Tensor other) => Call.Binary(Ops.Mm, this, other);

    /// <summary>beta * this + alpha * (a x b); this is [n, m] or broadcasts to it.</summary>
    public Tensor addmm(Tensor a, Tensor b, double beta = 1, double alpha = 1)
    {
        var call = new OpCall(Ops.Addmm);
        call.Add(this);
        call.Add(a);
        call.Add(b);
        call.Add(beta);
        call.Add(alpha);
        return call.Tensor();
    }

    /// <summary>Elementwise this &gt; other (Bool).</summary>
    public Tensor gt(Tensor other) => Call.Binary(Ops.Gt, this, other);

    /// <summary>Elementwise this &gt; value (Bool).</summary>
    public Tensor gt(double value) => Call.With(Ops.GtScalar, this, value);

    /// <summary>Elementwise this &gt;= other (Bool).</summary>
    public Tensor ge(Tensor other) => Call.Binary(Ops.Ge, this, other);

    /// <summary>Elementwise this &gt;= an integer (Bool).</summary>
    public Tensor ge(long value) => Call.With(Ops.GeScalar, this, value);

    /// <summary>Elementwise this &gt;= value (Bool).</summary>
    public Tensor ge(double value) => Call.With(Ops.GeScalar, this, value);

    /// <summary>Elementwise this &lt; other (Bool).</summary>
    public Tensor lt(Tensor other) => Call.Binary(Ops.Lt, this, other);

    /// <summary>Elementwise this &lt; value (Bool).</summary>
    public Tensor lt(double value) => Call.With(Ops.LtScalar, this, value);

    /// <summary>Elementwise this &lt;= other (Bool).</summary>
    public Tensor le(Tensor other) => Call.Binary(Ops.Le, this, other);

    /// <summary>Elementwise this &lt;= value (Bool).</summary>
    public Tensor le(double value) => Call.With(Ops.LeScalar, this, value);

    /// <summary>Elementwise logical not.</summary>
    public Tensor logical_not() => Call.Unary(Ops.LogicalNot, this);

    /// <summary>True where finite.</summary>
    public Tensor isfinite() => Call.Unary(Ops.IsFinite, this);

    /// <summary>Whether shape and all elements are equal.</summary>
    public bool equal(Tensor other)
    {
        var call = new OpCall(Ops.Equal);
        call.Add(this);
        call.Add(other);
        return call.Number() != 0;
    }

    /// <summary>
    /// Whether |this - other| &lt;= atol + rtol * |other| everywhere; false if there is a NaN.
    /// </summary>
    public bool allclose(Tensor other, double rtol = 1e-5, double atol = 1e-8)
    {
        var call = new OpCall(Ops.AllClose);
        call.Add(this);
        call.Add(other);
        call.Add(rtol);
        call.Add(atol);
        return call.Number() != 0;
    }
}
