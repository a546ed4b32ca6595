// Parses the messages of onnx.proto that decide whether a file may be run: operators, constants and
// their sizes, references to other files, recursive functions.

using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime.Files;

/// <summary>Reads one model.</summary>
internal sealed class OnnxFileParser(OnnxCursor cursor, string path)
{
    private const int Deepest = 16,
        MostNodes = 1 << 20,
        LastOpset = 26;

    private static readonly string[] Domains = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

    // Text models have no loops, and a loop in an untrusted file may never end.
    private static readonly string[] Loops = ["Loop", "Scan"];

    // Operators that change type or shape, but no number.
    private static readonly string[] Copies = ["Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten"];

    private readonly HashSet<string> _operators = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _functions = new(StringComparer.Ordinal);
    private readonly List<(string Domain, string Operator)> _used = [];
    private readonly OnnxValueParser _values = new(cursor);

    // Of the values of the main graph: operator and its first input.
    private readonly Dictionary<string, (string Operator, string Input)> _makers = new(StringComparer.Ordinal);
    private int _nodes;

    /// <summary>Parses the whole file.</summary>
    public OnnxFileInfo Model()
    {
        if (cursor.Length is 0 or > int.MaxValue)
            throw cursor.Broken($"it has {cursor.Length} bytes; expected 1 to 2,147,483,647");
        Graph? graph = null;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var opset = 0L;
        var end = cursor.Length;
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (7, 2):
                    if (graph is not null)
                        throw cursor.Broken("two graphs");
                    graph = ReadGraph(cursor.Inner(end), 0);
                    break;
                case (8, 2):
                    opset = Math.Max(opset, ReadOpset(cursor.Inner(end)));
                    break;
                case (14, 2):
                    var (key, value) = ReadPair(cursor.Inner(end));
                    metadata[key] = value;
                    break;
                case (25, 2):
                    ReadFunction(cursor.Inner(end));
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        if (graph is null)
            throw cursor.Broken("it holds no graph");
        if (opset is < 1 or > LastOpset)
            throw cursor.Broken($"its opset is version {opset}; expected 1 to {LastOpset}");
        RequireOperators();
        return new OnnxFileInfo(
            end,
            [.. graph.Inputs.Where(i => !graph.Constants.Contains(i.Name))],
            graph.Outputs,
            _operators,
            metadata
        )
        {
            FinalOperators = graph.Outputs.DistinctBy(o => o.Name).ToDictionary(o => o.Name, o => LastOf(o.Name)),
        };
    }

    // The operator that computes a value's numbers.
    private string? LastOf(string value)
    {
        for (var steps = 0; steps < Deepest && _makers.TryGetValue(value, out var made); steps++)
        {
            if (!Copies.Contains(made.Operator))
                return made.Operator;
            value = made.Input;
        }
        return null;
    }

    private sealed record Graph(List<OnnxValueInfo> Inputs, List<OnnxValueInfo> Outputs, HashSet<string> Constants);

    private Graph ReadGraph(long end, int depth)
    {
        if (depth > Deepest)
            throw cursor.Broken($"graphs nested more than {Deepest} deep");
        var graph = new Graph([], [], new HashSet<string>(StringComparer.Ordinal));
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 2):
                    ReadNode(cursor.Inner(end), depth, null);
                    break;
                case (5, 2):
                    graph.Constants.Add(ReadTensor(cursor.Inner(end)));
                    break;
                case (11, 2):
                    graph.Inputs.Add(_values.Read(cursor.Inner(end)));
                    break;
                case (12, 2):
                    graph.Outputs.Add(_values.Read(cursor.Inner(end)));
                    break;
                case (15, _):
                    throw Sparse();
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        return graph;
    }

    private DataException Sparse() => cursor.Broken("a sparse constant, which is not supported");

    private void ReadNode(long end, int depth, HashSet<string>? callers)
    {
        if (++_nodes > MostNodes)
            throw cursor.Broken($"more than {MostNodes} operators");
        string op = "",
            domain = "";
        string? input = null;
        var outputs = new List<string>();
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 2) when input is null:
                    input = cursor.Text(end);
                    break;
                case (2, 2):
                    outputs.Add(cursor.Text(end));
                    break;
                case (4, 2):
                    op = cursor.Text(end);
                    break;
                case (7, 2):
                    domain = cursor.Text(end);
                    break;
                case (5, 2):
                    ReadAttribute(cursor.Inner(end), depth, callers);
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        _operators.Add(op);
        _used.Add((domain, op));
        callers?.Add($"{domain}:{op}");
        if (depth > 0 || callers is not null)
            return;
        foreach (var output in outputs)
            _makers[output] = (op, input ?? "");
    }

    private void ReadAttribute(long end, int depth, HashSet<string>? callers)
    {
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                // A tensor, tensors; a graph, graphs.
                case (5 or 10, 2):
                    ReadTensor(cursor.Inner(end));
                    break;
                case (6 or 11, 2) when callers is null:
                    ReadGraph(cursor.Inner(end), depth + 1);
                    break;
                case (6 or 11, 2):
                    throw cursor.Broken("a function that contains a graph");
                case (22 or 23, _):
                    throw Sparse();
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
    }

    // Name of a constant whose number of bytes matches its shape.
    private string ReadTensor(long end)
    {
        var name = "";
        var dims = new List<long>();
        long element = 0,
            raw = -1,
            typed = 0;
        var external = false;
        string? location = null;
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 0 or 2):
                    dims.AddRange(cursor.Numbers(wire, end));
                    break;
                case (2, 0):
                    element = (long)cursor.Varint(end);
                    break;
                case (8, 2):
                    name = cursor.Text(end);
                    break;
                case (9, 2):
                    raw = RawLength(end);
                    break;
                case (13, 2):
                    var (key, value) = ReadPair(cursor.Inner(end));
                    if (key == "location")
                        location = value;
                    break;
                case (14, 0):
                    external = cursor.Varint(end) == 1;
                    break;
                case (4 or 5 or 6 or 7 or 10 or 11, _):
                    typed += cursor.Skip(wire, end);
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        if (external || location is not null)
            RequireBeside(name, location);
        else
            RequireSize(name, dims, element, raw, typed);
        return name;
    }

    private long RawLength(long end)
    {
        var before = cursor.Inner(end);
        return cursor.SkipTo(before);
    }

    private void RequireSize(string name, List<long> dims, long element, long raw, long typed)
    {
        var count = 1L;
        foreach (var size in dims)
        {
            if (size < 0 || (size > 0 && count > int.MaxValue / size))
                throw cursor.Broken($"constant '{name}' of shape [{string.Join(", ", dims)}]");
            count *= size;
        }
        // Bytes per element: float, uint8, ..., bfloat16; 0: variable, or less than one.
        ReadOnlySpan<int> sizes = [0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2];
        if (element <= 0 || element >= sizes.Length)
            throw cursor.Broken($"constant '{name}' of element type {element}");
        var size1 = sizes[(int)element];
        var fits = raw >= 0 ? size1 > 0 && raw == count * size1 : count == 0 || typed > 0 && typed >= count;
        if (!fits)
            throw cursor.Broken(
                $"constant '{name}' of shape [{string.Join(", ", dims)}] has {Math.Max(raw, typed)} bytes"
            );
    }

    private void RequireBeside(string name, string? location)
    {
        var plain =
            !string.IsNullOrEmpty(location)
            && location == Path.GetFileName(location)
            && location is not ("." or "..")
            && !location.Contains('\\');
        if (!plain)
            throw cursor.Broken($"constant '{name}' is stored in '{location}', which is not a file in its folder");
        var file = new FileInfo(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, location!));
        if (!file.Exists || file.LinkTarget is not null)
            throw cursor.Broken($"constant '{name}' is stored in '{location}', which is missing or a link");
    }

    private long ReadOpset(long end)
    {
        var domain = "";
        var version = 0L;
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 2):
                    domain = cursor.Text(end);
                    break;
                case (2, 0):
                    version = (long)cursor.Varint(end);
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        return domain is "" or "ai.onnx" ? version : 0;
    }

    private (string Key, string Value) ReadPair(long end)
    {
        string key = "",
            value = "";
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 2):
                    key = cursor.Text(end);
                    break;
                case (2, 2):
                    value = cursor.Text(end);
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        return (key, value);
    }

    private void ReadFunction(long end)
    {
        string name = "",
            domain = "";
        var calls = new HashSet<string>(StringComparer.Ordinal);
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 2):
                    name = cursor.Text(end);
                    break;
                case (7, 2):
                    ReadNode(cursor.Inner(end), 0, calls);
                    break;
                case (10, 2):
                    domain = cursor.Text(end);
                    break;
                // Default value of an attribute.
                case (11, 2):
                    ReadAttribute(cursor.Inner(end), 0, calls);
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        // ONNX Runtime would use its own operator instead of the function.
        if (Domains.Contains(domain))
            throw cursor.Broken($"function '{name}' of '{domain}', a domain reserved for the runtime's operators");
        // Overloads of a name are merged.
        if (!_functions.TryAdd($"{domain}:{name}", calls))
            _functions[$"{domain}:{name}"].UnionWith(calls);
    }

    private void RequireOperators()
    {
        foreach (var (domain, op) in _used)
        {
            if (Loops.Contains(op))
                throw cursor.Broken($"operator '{op}': a loop, which is not supported");
            if (!Domains.Contains(domain) && !_functions.ContainsKey($"{domain}:{op}"))
                throw cursor.Broken($"operator '{op}' of '{domain}', which needs a custom operator library");
        }
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var function in _functions.Keys)
            Visit(function, [], done);
    }

    // Mutually recursive functions would be inlined without end.
    private void Visit(string function, List<string> above, HashSet<string> done)
    {
        if (above.Contains(function) || above.Count > Deepest)
            throw cursor.Broken($"function '{function}' calls itself, or is more than {Deepest} calls deep");
        if (!done.Add(function))
            return;
        above.Add(function);
        foreach (var called in _functions[function].Where(_functions.ContainsKey))
            Visit(called, above, done);
        above.RemoveAt(above.Count - 1);
    }
}
