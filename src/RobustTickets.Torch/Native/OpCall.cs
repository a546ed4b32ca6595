// One boxed operator call: packs the arguments on the stack, keeps the tensors alive during the
// native call, and converts a failure to an exception with the operator, the shapes and libtorch's
// message.
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace RobustTickets.Torch.Native;

/// <summary>
/// A call of <see cref="Op"/>. Add the arguments in schema order, then take the results once:
/// <code>var call = new OpCall(Ops.Mm); call.Add(a); call.Add(b); return call.Tensor();</code> At
/// most 16 arguments; lists of any length.
/// </summary>
internal unsafe ref struct OpCall
{
    private const int MostArguments = 16,
        InlineNumbers = 24,
        MostResults = 8;

    private readonly Op _op;
    private Values _values;
    private Roots _roots; // tensors and pinned arrays read by native code: kept reachable until the call returns
    private Numbers _numbers; // short integer and handle lists; addresses are filled in at the call
    private int _count;
    private int _used;

    /// <summary>Starts a call of <paramref name="op"/>.</summary>
    public OpCall(Op op) => _op = op;

    /// <summary>Adds a tensor, or None for a null optional tensor.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was freed.</exception>
    public void Add(Tensor? tensor)
    {
        if (tensor is null)
        {
            AddNone();
            return;
        }
        ref var value = ref Next(tensor);
        value.Tag = RtTag.Tensor;
        value.Pointer = tensor.Handle;
    }

    /// <summary>Adds an integer (also a dtype, layout or scalar).</summary>
    public void Add(long integer)
    {
        ref var value = ref Next(null);
        value.Tag = RtTag.Int;
        value.Integer = integer;
    }

    /// <summary>Adds a real number.</summary>
    public void Add(double real)
    {
        ref var value = ref Next(null);
        value.Tag = RtTag.Double;
        value.Real = real;
    }

    /// <summary>Adds a boolean.</summary>
    public void Add(bool truth)
    {
        ref var value = ref Next(null);
        value.Tag = RtTag.Bool;
        value.Integer = truth ? 1 : 0;
    }

    /// <summary>Adds a dtype.</summary>
    public void Add(DType dtype) => Add((long)(int)dtype);

    /// <summary>Adds a device.</summary>
    public void Add(Device device)
    {
        ref var value = ref Next(null);
        value.Tag = RtTag.Device;
        value.Integer = ((long)device.Kind << 8) | (long)(device.NativeIndex + 1);
    }

    /// <summary>Adds no value (None).</summary>
    public void AddNone() => Next(null).Tag = RtTag.None;

    /// <summary>Adds a list of integers.</summary>
    public void Add(scoped ReadOnlySpan<long> integers)
    {
        if (_used + integers.Length <= InlineNumbers)
        {
            integers.CopyTo(((Span<long>)_numbers)[_used..]);
            ref var value = ref Next(null);
            value.Tag = RtTag.IntList;
            value.Count = integers.Length;
            value.Integer = -1 - _used; // an index, negative to distinguish it from an address
            _used += integers.Length;
        }
        else
        {
            var pinned = GC.AllocateUninitializedArray<long>(integers.Length, pinned: true);
            integers.CopyTo(pinned);
            ref var value = ref Next(pinned);
            value.Tag = RtTag.IntList;
            value.Count = integers.Length;
            value.Pointer = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
        }
    }

    /// <summary>Adds a list of tensors (null if the schema allows optional ones).</summary>
    public void Add(scoped ReadOnlySpan<Tensor?> tensors)
    {
        var pinned = GC.AllocateUninitializedArray<long>(tensors.Length, pinned: true);
        for (var i = 0; i < tensors.Length; i++)
            pinned[i] = tensors[i]?.Handle ?? 0;
        ref var value = ref Next(new TensorList(pinned, tensors.ToArray()));
        value.Tag = RtTag.TensorList;
        value.Count = tensors.Length;
        value.Pointer = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
    }

    /// <summary>Adds a string.</summary>
    public void Add(string text)
    {
        var pinned = GC.AllocateUninitializedArray<byte>(Encoding.UTF8.GetByteCount(text) + 1, pinned: true);
        var length = Encoding.UTF8.GetBytes(text, pinned);
        ref var value = ref Next(pinned);
        value.Tag = RtTag.String;
        value.Count = length;
        value.Pointer = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
    }

    /// <summary>
    /// Runs the call and drops its results (in-place operators return their first argument).
    /// </summary>
    /// <exception cref="TorchException">The operator failed.</exception>
    public void Run() => Invoke(null, 0);

    /// <summary>Runs the call and returns its single tensor.</summary>
    /// <exception cref="TorchException">The operator failed or returned something else.</exception>
    public Tensor Tensor()
    {
        RtValue result;
        var produced = Invoke(&result, 1);
        if (produced != 1 || result.Tag != RtTag.Tensor)
        {
            Free(&result, produced);
            throw new TorchException(_op.ToString(), Describe(), "returned no tensor");
        }
        return new Tensor(result.Pointer);
    }

    /// <summary>
    /// Runs the call and returns its tensors, null for undefined ones; a list result is flattened.
    /// </summary>
    /// <exception cref="TorchException">The operator failed or returned something else.</exception>
    public Tensor?[] Tensors()
    {
        var results = stackalloc RtValue[MostResults];
        var produced = Invoke(results, MostResults);
        var tensors = new List<Tensor?>(produced);
        for (var i = 0; i < produced; i++)
        {
            switch (results[i].Tag)
            {
                case RtTag.Tensor:
                    tensors.Add(new Tensor(results[i].Pointer));
                    break;
                case RtTag.None:
                    tensors.Add(null);
                    break;
                case RtTag.TensorList:
                    var list = (nint*)results[i].Pointer;
                    for (var j = 0; j < results[i].Count; j++)
                        tensors.Add(list[j] == 0 ? null : new Tensor(list[j]));
                    Shim.rt_free_list(list);
                    break;
                default:
                    break; // a number among tensors (the seed of a fused attention), not needed here
            }
        }
        return [.. tensors];
    }

    /// <summary>Runs the call and returns its single number or boolean.</summary>
    /// <exception cref="TorchException">The operator failed or returned something else.</exception>
    public double Number()
    {
        RtValue result;
        var produced = Invoke(&result, 1);
        if (produced == 1 && result.Tag is RtTag.Int or RtTag.Bool)
            return result.Integer;
        if (produced == 1 && result.Tag is RtTag.Double)
            return result.Real;
        Free(&result, produced);
        var found = produced == 1 ? result.Tag.ToString() : "nothing";
        throw new TorchException(_op.ToString(), Describe(), $"returned {found}, not a number");
    }

    private static void Free(RtValue* results, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (results[i].Tag == RtTag.Tensor)
                Shim.rt_free(results[i].Pointer);
            if (results[i].Tag != RtTag.TensorList)
                continue;
            var list = (nint*)results[i].Pointer;
            for (var j = 0; j < results[i].Count; j++)
                Shim.rt_free(list[j]);
            Shim.rt_free_list(list);
        }
    }

    [UnscopedRef]
    private ref RtValue Next(object? root)
    {
        if (_count == MostArguments)
            throw new ArgumentException($"{_op}: more than {MostArguments} arguments");
        _roots[_count] = root;
        return ref _values[_count++];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Invoke(RtValue* results, int capacity)
    {
        // A ref struct is on the stack and does not move, so the address of its buffer stays valid
        // during the call.
        var numbers = (long*)Unsafe.AsPointer(ref Unsafe.As<Numbers, long>(ref _numbers));
        var values = (RtValue*)Unsafe.AsPointer(ref Unsafe.As<Values, RtValue>(ref _values));
        for (var i = 0; i < _count; i++)
        {
            if (values[i].Tag == RtTag.IntList && values[i].Integer < 0)
                values[i].Pointer = (nint)(numbers + (-1 - values[i].Integer));
        }
        int produced;
        var status = Shim.rt_op_call(_op.Handle, values, _count, results, capacity, &produced);
        if (status != 0)
            throw ManagedErrors.Translate(_op.ToString(), Describe(), Shim.LastError());
        for (var i = 0; i < _count; i++)
            GC.KeepAlive(_roots[i]);
        return produced;
    }

    private readonly string Describe()
    {
        var parts = new string[_count];
        for (var i = 0; i < _count; i++)
        {
            var value = _values[i];
            parts[i] = (value.Tag, _roots[i]) switch
            {
                (_, Tensor t) => t.Describe(),
                (_, TensorList l) => "("
                    + string.Join(", ", l.Tensors.Take(8).Select(t => t?.Describe() ?? "none"))
                    + (l.Tensors.Length > 8 ? ", ...)" : ")"),
                (RtTag.Int, _) => value.Integer.ToString(CultureInfo.InvariantCulture),
                (RtTag.Double, _) => value.Real.ToString(CultureInfo.InvariantCulture),
                (RtTag.Bool, _) => value.Integer != 0 ? "true" : "false",
                (RtTag.IntList, _) =>
                    $"({string.Join(", ", new ReadOnlySpan<long>((void*)value.Pointer, value.Count).ToArray())})",
                (RtTag.None, _) => "none",
                _ => value.Tag.ToString(),
            };
        }
        return string.Join(", ", parts);
    }

    private sealed record TensorList(long[] Handles, Tensor?[] Tensors);

    [InlineArray(MostArguments)]
    private struct Values
    {
        private RtValue _first;
    }

    [InlineArray(MostArguments)]
    private struct Roots
    {
        private object? _first;
    }

    [InlineArray(InlineNumbers)]
    private struct Numbers
    {
        private long _first;
    }
}
