// The common forms of operator calls, so that an operator is one line in Tensor.
namespace RobustTickets.Torch.Native;

internal static class Call
{
    public static Tensor Unary(Op op, Tensor a)
    {
        var call = new OpCall(op);
        call.Add(a);
        return call.Tensor();
    }

    public static Tensor Binary(Op op, Tensor a, Tensor b)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(b);
        return call.Tensor();
    }

    public static Tensor With(Op op, Tensor a, double value)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(value);
        return call.Tensor();
    }

    public static Tensor With(Op op, Tensor a, long value)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(value);
        return call.Tensor();
    }

    public static Tensor With(Op op, Tensor a, long value, bool flag)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(value);
        call.Add(flag);
        return call.Tensor();
    }

    public static Tensor With(Op op, Tensor a, ReadOnlySpan<long> list)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(list);
        return call.Tensor();
    }

    public static Tensor With(Op op, Tensor a, ReadOnlySpan<long> list, bool flag)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(list);
        call.Add(flag);
        return call.Tensor();
    }

    public static Tensor With(Op op, Tensor a, long first, Tensor b)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(first);
        call.Add(b);
        return call.Tensor();
    }

    // In-place forms return their first argument for chaining, as in PyTorch.
    public static Tensor InPlace(Op op, Tensor a)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Run();
        return a;
    }

    public static Tensor InPlace(Op op, Tensor a, Tensor b)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(b);
        call.Run();
        return a;
    }

    public static Tensor InPlace(Op op, Tensor a, long value)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(value);
        call.Run();
        return a;
    }

    public static Tensor InPlace(Op op, Tensor a, double value)
    {
        var call = new OpCall(op);
        call.Add(a);
        call.Add(value);
        call.Run();
        return a;
    }
}
