// An operator of libtorch, resolved at its first call.
namespace RobustTickets.Torch.Native;

/// <summary>
/// An operator by schema name and overload, e.g. <c>new Op("aten::add", "Tensor", 3)</c>. Creating
/// one loads nothing; the first call resolves it. All operators of this library are fields of
/// <see cref="Ops"/>, so that a test can resolve each of them.
/// </summary>
/// <param name="name">Schema name with namespace.</param>
/// <param name="overload">Overload name, empty for the base overload.</param>
/// <param name="passed">Number of leading arguments that callers pass; the schema's defaults fill
/// the rest.</param>
internal sealed unsafe class Op(string name, string overload, int passed)
{
    private nint _handle;

    /// <summary>Schema name, e.g. <c>aten::add</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Overload name, empty for the base overload.</summary>
    public string Overload { get; } = overload;

    /// <summary>Number of leading arguments that callers pass.</summary>
    public int Passed { get; } = passed;

    /// <summary>Native handle.</summary>
    internal nint Handle => _handle != 0 ? _handle : Resolve();

    /// <summary>Whether this libtorch has the operator.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not available.</exception>
    public bool Exists => _handle != 0 || Shim.rt_op_resolve(Name, Overload, out _) == 0;

    /// <summary>The schema in libtorch's notation with its argument counts.</summary>
    /// <exception cref="TorchException">This libtorch has no such operator.</exception>
    public OpSchema Schema
    {
        get
        {
            Shim.Check(
                Shim.rt_op_schema(Handle, out var text, out var arguments, out var required, out var results),
                Name
            );
            return new OpSchema(Shim.Text(text), arguments, required, results);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Overload.Length == 0 ? Name : $"{Name}.{Overload}";

    private nint Resolve()
    {
        Shim.Check(Shim.rt_op_resolve(Name, Overload, out var handle), ToString());
        return _handle = handle;
    }
}

/// <summary>An operator's schema.</summary>
/// <param name="Text">libtorch's notation.</param>
/// <param name="Arguments">Number of arguments.</param>
/// <param name="Required">Number of arguments without a default.</param>
/// <param name="Results">Number of results.</param>
internal sealed record OpSchema(string Text, int Arguments, int Required, int Results);
