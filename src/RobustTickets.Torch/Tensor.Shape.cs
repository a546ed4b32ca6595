// Shapes, copies, conversions, indexing.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

internal sealed partial class Tensor
{
    /// <summary>A copy with its own memory (recorded).</summary>
    public Tensor clone() => Call.Unary(Ops.Clone, this);

    /// <summary>This tensor in row-major order; copied only if necessary.</summary>
    public Tensor contiguous() => Call.Unary(Ops.Contiguous, this);

    /// <summary>Converts to another dtype; the same tensor if it already has it.</summary>
    public Tensor to(DType dtype)
    {
        var call = new OpCall(Ops.ToDType);
        call.Add(this);
        call.Add(dtype);
        call.Add(false);
        call.Add(false);
        return call.Tensor();
    }

    /// <summary>Copies to another device; the same tensor if it is there already.</summary>
    public Tensor to(Device device)
    {
        var call = new OpCall(Ops.ToDevice);
        call.Add(this);
        call.Add(device);
        call.Add(dtype);
        call.Add(false);
        call.Add(false);
        return call.Tensor();
    }

    /// <summary>Transpose of a matrix, a view.</summary>
    public Tensor t() => Call.Unary(Ops.T, this);

    /// <summary>Swaps two dimensions, a view.</summary>
    public Tensor transpose(int dim0, int dim1)
    {
        var call = new OpCall(Ops.Transpose);
        call.Add(this);
        call.Add((long)dim0);
        call.Add((long)dim1);
        return call.Tensor();
    }

    /// <summary>
    /// Another shape of the same elements (-1 is inferred); copied only if no view is possible.
    /// </summary>
    public Tensor reshape(params ReadOnlySpan<long> shape) => Call.With(Ops.Reshape, this, shape);

    /// <summary>Another shape of the same memory (-1 is inferred).</summary>
    public Tensor view(params ReadOnlySpan<long> shape) => Call.With(Ops.View, this, shape);

    /// <summary>Merges dimensions <paramref name="start"/> to <paramref name="end"/>.</summary>
    public Tensor flatten(int start = 0, int end = -1)
    {
        var call = new OpCall(Ops.Flatten);
        call.Add(this);
        call.Add((long)start);
        call.Add((long)end);
        return call.Tensor();
    }

    /// <summary>
    /// <paramref name="length"/> entries from <paramref name="start"/> along a dimension, a view.
    /// </summary>
    public Tensor narrow(int dim, long start, long length)
    {
        var call = new OpCall(Ops.Narrow);
        call.Add(this);
        call.Add((long)dim);
        call.Add(start);
        call.Add(length);
        return call.Tensor();
    }

    /// <summary>One entry along a dimension, which is removed; a view.</summary>
    public Tensor select(int dim, long index)
    {
        var call = new OpCall(Ops.Select);
        call.Add(this);
        call.Add((long)dim);
        call.Add(index);
        return call.Tensor();
    }

    /// <summary>Entries start, start + step, ... below end along a dimension, a view.</summary>
    public Tensor slice(int dim, long start, long end, long step = 1)
    {
        var call = new OpCall(Ops.Slice);
        call.Add(this);
        call.Add((long)dim);
        call.Add(start);
        call.Add(end);
        call.Add(step);
        return call.Tensor();
    }

    /// <summary>Inserts a dimension of size 1, a view.</summary>
    public Tensor unsqueeze(int dim) => Call.With(Ops.Unsqueeze, this, (long)dim);

    /// <summary>Expands dimensions of size 1 without a copy (-1 = unchanged), a view.</summary>
    public Tensor expand(params ReadOnlySpan<long> shape) => Call.With(Ops.Expand, this, shape);

    /// <summary>Splits into parts of the given sizes along a dimension, views.</summary>
    public Tensor[] split(ReadOnlySpan<long> sizes, int dim = 0)
    {
        var call = new OpCall(Ops.Split);
        call.Add(this);
        call.Add(sizes);
        call.Add((long)dim);
        return call.Tensors()!;
    }

    /// <summary>
    /// Selects entries by index along a dimension: result[i] = this[index[i]]; index is Int64 [n].
    /// </summary>
    public Tensor index_select(int dim, Tensor index) => Call.With(Ops.IndexSelect, this, (long)dim, index);

    /// <summary>
    /// Elements <c>this[i..., index..., ...]</c> for every combination; a boolean mask selects as
    /// in PyTorch. Null = the whole dimension.
    /// </summary>
    public Tensor index(params ReadOnlySpan<Tensor?> indices)
    {
        var call = new OpCall(Ops.Index);
        call.Add(this);
        call.Add(indices);
        return call.Tensor();
    }

    /// <summary>
    /// result[i][j] = this[i][index[i][j]] (for dim 1); index is Int64 of the result's shape.
    /// </summary>
    public Tensor gather(int dim, Tensor index) => Call.With(Ops.Gather, this, (long)dim, index);

    /// <summary>this[i][index[i][j]] = source[i][j] (for dim 1).</summary>
    public Tensor scatter_(int dim, Tensor index, Tensor source) => Indexed(Ops.ScatterInPlace, dim, index, source);

    /// <summary>this[i][index[i][j]] = value (for dim 1).</summary>
    public Tensor scatter_(int dim, Tensor index, double value)
    {
        var call = new OpCall(Ops.ScatterScalarInPlace);
        call.Add(this);
        call.Add((long)dim);
        call.Add(index);
        call.Add(value);
        call.Run();
        return this;
    }

    /// <summary>
    /// A copy with <paramref name="value"/> where the mask (Bool, broadcast) is true.
    /// </summary>
    public Tensor masked_fill(Tensor mask, double value)
    {
        var call = new OpCall(Ops.MaskedFill);
        call.Add(this);
        call.Add(mask);
        call.Add(value);
        return call.Tensor();
    }

    /// <summary>Selects from a where this Bool tensor is true, otherwise from b.</summary>
    public Tensor where(Tensor a, Tensor b)
    {
        var call = new OpCall(Ops.Where);
        call.Add(this);
        call.Add(a);
        call.Add(b);
        return call.Tensor();
    }

    private Tensor Indexed(Op op, int dim, Tensor index, Tensor source)
    {
        var call = new OpCall(op);
        call.Add(this);
        call.Add((long)dim);
        call.Add(index);
        call.Add(source);
        call.Run();
        return this;
    }
}
