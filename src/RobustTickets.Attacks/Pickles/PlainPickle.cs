// A pickle of plain containers: tuples, lists, dicts, sets, strings, numbers, None. Protocols 2 and
// 3 have no opcode for sets and name their class; no other name is allowed.
namespace RobustTickets.Attacks.Pickles;

/// <summary>Reads plain values from a pickle in memory.</summary>
internal sealed class PlainPickle : PickleDialect
{
    private static readonly string[] Modules = ["builtins", "__builtin__"];
    private static readonly string[] Sets = ["set", "frozenset"];
    private readonly string _place;
    private readonly byte[] _bytes;

    private PlainPickle(string place, byte[] bytes)
    {
        (_place, _bytes) = (place, bytes);
    }

    /// <inheritdoc/>
    public override string Subject => "a file of plain values";

    /// <inheritdoc/>
    protected override string Allowed => "builtins.set and builtins.frozenset";

    /// <summary>The value of a file that contains one pickle.</summary>
    /// <param name="place">Name of the file in errors.</param>
    /// <param name="bytes">The file's bytes.</param>
    /// <exception cref="DataException">The pickle is truncated or malformed, or names anything but
    /// sets.</exception>
    public static object? Read(string place, byte[] bytes)
    {
        var (value, end) = PickleMachine.Read(new PlainPickle(place, bytes), 0, bytes.Length, "pickle");
        return end == bytes.Length
            ? value
            : throw new DataException($"{place}: {bytes.Length - end} bytes follow the pickle");
    }

    /// <inheritdoc/>
    public override byte ReadByte(long at) => _bytes[at];

    /// <inheritdoc/>
    public override byte[] Read(long at, int count) => _bytes.AsSpan((int)at, count).ToArray();

    /// <inheritdoc/>
    public override Exception Refuse(string message, Exception? cause = null) =>
        new DataException($"{_place}: {message}", cause!);

    /// <inheritdoc/>
    protected override PickleGlobal? Find(string module, string name) =>
        Modules.Contains(module) && Sets.Contains(name) ? new PickleGlobal(module, name) : null;

    /// <inheritdoc/>
    public override object? Call(object? callable, object? arguments, Func<string, Exception> refuse) =>
        (callable, arguments) switch
        {
            (PickleGlobal, PickleTuple { Items: [] }) => new PickleSet(),
            (PickleGlobal, PickleTuple { Items: [PickleList list] }) => new PickleSet(list.Items),
            (PickleGlobal, PickleTuple { Items: [PickleTuple tuple] }) => new PickleSet(tuple.Items),
            (PickleGlobal name, _) => throw refuse($"{name} is called with {Describe(arguments)}; expected a list"),
            _ => throw refuse($"REDUCE calls {Describe(callable)}"),
        };
}
