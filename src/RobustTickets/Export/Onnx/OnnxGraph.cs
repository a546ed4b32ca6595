// An ONNX model as nodes and initializers, in the messages of onnx.proto. Tensors are streamed: all
// field lengths are known before the bytes, so no tensor is in memory twice.
using Google.Protobuf;
using Proto = global::Onnx;

namespace RobustTickets.Export.Onnx;

/// <summary>Element types of ONNX tensors that an export uses.</summary>
internal enum OnnxElement
{
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
}

/// <summary>An attribute of a node: an integer, a float or integers.</summary>
internal sealed record OnnxAttribute(string Name, object Value)
{
    public Proto.AttributeProto Message()
    {
        var message = new Proto.AttributeProto { Name = Name };
        switch (Value)
        {
            case float f:
                (message.F, message.Type) = (f, Proto.AttributeProto.Types.AttributeType.Float);
                break;
            case long i:
                (message.I, message.Type) = (i, Proto.AttributeProto.Types.AttributeType.Int);
                break;
            case long[] many:
                message.Ints.AddRange(many);
                message.Type = Proto.AttributeProto.Types.AttributeType.Ints;
                break;
            default:
                throw new ArgumentException($"attribute '{Name}' is a {Value.GetType().Name}");
        }
        return message;
    }
}

/// <summary>An input or output; a dimension is a number or the name of a dynamic one.</summary>
internal sealed record OnnxValue(string Name, OnnxElement Element, params object[] Dimensions)
{
    public Proto.ValueInfoProto Message()
    {
        var shape = new Proto.TensorShapeProto();
        foreach (var dimension in Dimensions)
            shape.Dim.Add(
                dimension is string name
                    ? new Proto.TensorShapeProto.Types.Dimension { DimParam = name }
                    : new Proto.TensorShapeProto.Types.Dimension { DimValue = (long)dimension }
            );
        return new Proto.ValueInfoProto
        {
            Name = Name,
            Type = new Proto.TypeProto
            {
                TensorType = new Proto.TypeProto.Types.Tensor { ElemType = (int)Element, Shape = shape },
            },
        };
    }
}

/// <summary>A constant of the graph; its bytes are read when they are written.</summary>
internal sealed record OnnxInitializer(
    string Name,
    OnnxElement Element,
    long[] Shape,
    long ByteCount,
    Action<Stream> Write
)
{
    /// <summary>The message without its bytes, which follow as the raw_data field.</summary>
    public byte[] Head()
    {
        var message = new Proto.TensorProto { Name = Name, DataType = (int)Element };
        message.Dims.AddRange(Shape);
        return [.. message.ToByteArray(), .. OnnxGraph.Field(Proto.TensorProto.RawDataFieldNumber, ByteCount)];
    }
}

/// <summary>Collects the nodes of a graph and writes the model.</summary>
internal sealed class OnnxGraph
{
    /// <summary>The first opset with LayerNormalization; IR version 8 matches it.</summary>
    private const int Opset = 17,
        IrVersion = 8;

    /// <summary>Domain of ONNX Runtime's contrib operators.</summary>
    public const string Microsoft = "com.microsoft";

    private readonly Proto.GraphProto _graph = new();
    private readonly OrderedDictionary<string, OnnxInitializer> _initializers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private bool _hasMicrosoft;

    /// <summary>Inputs, in order.</summary>
    public List<OnnxValue> Inputs { get; } = [];

    /// <summary>Outputs, in order.</summary>
    public List<OnnxValue> Outputs { get; } = [];

    /// <summary>Model metadata as text.</summary>
    public OrderedDictionary<string, string> Metadata { get; } = [];

    /// <summary>Prefix of node names.</summary>
    public string Scope { get; set; } = "";

    /// <summary>Adds a standard node with one output; returns the output's name.</summary>
    public string Node(string op, IReadOnlyList<string> inputs, params OnnxAttribute[] attributes) =>
        Add(op, inputs, 1, "", attributes)[0];

    /// <summary>Adds a standard node with several outputs.</summary>
    public string[] Node(string op, IReadOnlyList<string> inputs, int outputs) => Add(op, inputs, outputs, "", []);

    /// <summary>Adds an ONNX Runtime node; an empty name omits an input.</summary>
    public string Fused(string op, IReadOnlyList<string> inputs, params OnnxAttribute[] attributes)
    {
        _hasMicrosoft = true;
        return Add(op, inputs, 1, Microsoft, attributes)[0];
    }

    /// <summary>Names an output of the graph.</summary>
    public void Output(string value, OnnxValue output)
    {
        Outputs.Add(output);
        _graph.Node.Add(NodeOf("Identity", [value], [output.Name], $"/{output.Name}", "", []));
    }

    /// <summary>Whether a constant of this name exists.</summary>
    public bool Has(string name) => _initializers.ContainsKey(name);

    /// <summary>Adds a constant; returns its name.</summary>
    public string Constant(OnnxInitializer initializer)
    {
        _initializers[initializer.Name] = initializer;
        return initializer.Name;
    }

    /// <summary>An integer constant, named by its values.</summary>
    public string Longs(params long[] values) =>
        Constant(
            Small(
                $"const_{string.Join('_', values)}",
                OnnxElement.Int64,
                [values.Length],
                values,
                BitConverter.GetBytes
            )
        );

    /// <summary>The integers 0 to <paramref name="count"/> - 1, [1, count].</summary>
    public string Places(string name, int count) =>
        Constant(
            Small(
                name,
                OnnxElement.Int64,
                [1, count],
                [.. Enumerable.Range(0, count).Select(i => (long)i)],
                BitConverter.GetBytes
            )
        );

    /// <summary>An integer scalar.</summary>
    public string Index(long value) =>
        Constant(Small($"index_{value}", OnnxElement.Int64, [], [value], BitConverter.GetBytes));

    /// <summary>A float scalar.</summary>
    public string Scalar(string name, float value) =>
        Constant(Small(name, OnnxElement.Float, [], [value], BitConverter.GetBytes));

    /// <summary>Writes the model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of the graph.</param>
    /// <param name="version">Version of this program.</param>
    /// <exception cref="InvalidOperationException">The model would have 2 GiB or more, the limit of
    /// protocol buffers.</exception>
    public void Write(string path, string name, string version)
    {
        var graph = _graph.Clone();
        graph.Name = name;
        graph.Input.AddRange(Inputs.Select(i => i.Message()));
        graph.Output.AddRange(Outputs.Select(o => o.Message()));
        // Fields of a message may come in any order: tensors come last.
        var head = graph.ToByteArray();
        var tensors = _initializers
            .Values.Select(i =>
            {
                var own = i.Head();
                return (
                    Head: Field(Proto.GraphProto.InitializerFieldNumber, own.Length + i.ByteCount)
                        .Concat(own)
                        .ToArray(),
                    Tensor: i
                );
            })
            .ToArray();
        var length = head.Length + tensors.Sum(t => t.Head.Length + t.Tensor.ByteCount);
        if (length > int.MaxValue - (1 << 20))
            throw new InvalidOperationException($"an ONNX file holds less than 2 GiB, this model has {length} bytes");
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        file.Write(Model(version).ToByteArray());
        file.Write(Field(Proto.ModelProto.GraphFieldNumber, length));
        file.Write(head);
        foreach (var (tensorHead, tensor) in tensors)
        {
            file.Write(tensorHead);
            var from = file.Position;
            tensor.Write(file);
            if (file.Position - from != tensor.ByteCount)
                throw new InvalidOperationException(
                    $"'{tensor.Name}': {file.Position - from} bytes written, expected {tensor.ByteCount}"
                );
        }
        file.Flush(flushToDisk: true);
    }

    private string[] Add(
        string op,
        IReadOnlyList<string> inputs,
        int outputs,
        string domain,
        IReadOnlyList<OnnxAttribute> attributes
    )
    {
        var name = Unique($"{Scope}/{op}");
        string[] made = [.. Enumerable.Range(0, outputs).Select(i => $"{name}_output_{i}")];
        _graph.Node.Add(NodeOf(op, inputs, made, name, domain, attributes));
        return made;
    }

    /// <summary>Tag and length of a bytes field; the bytes follow.</summary>
    internal static byte[] Field(int number, long length)
    {
        using var bytes = new MemoryStream();
        using (var coded = new CodedOutputStream(bytes, leaveOpen: true))
        {
            coded.WriteTag(number, WireFormat.WireType.LengthDelimited);
            coded.WriteLength((int)length);
        }
        return bytes.ToArray();
    }

    private Proto.ModelProto Model(string version)
    {
        var model = new Proto.ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "robust-tickets",
            ProducerVersion = version,
        };
        model.OpsetImport.Add(new Proto.OperatorSetIdProto { Domain = "", Version = Opset });
        if (_hasMicrosoft)
            model.OpsetImport.Add(new Proto.OperatorSetIdProto { Domain = Microsoft, Version = 1 });
        foreach (var (key, value) in Metadata)
            model.MetadataProps.Add(new Proto.StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    private static Proto.NodeProto NodeOf(
        string op,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string> outputs,
        string name,
        string domain,
        IReadOnlyList<OnnxAttribute> attributes
    )
    {
        var node = new Proto.NodeProto
        {
            Name = name,
            OpType = op,
            Domain = domain,
        };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        node.Attribute.AddRange(attributes.Select(a => a.Message()));
        return node;
    }

    private string Unique(string name)
    {
        var count = _names.GetValueOrDefault(name);
        _names[name] = count + 1;
        return count == 0 ? name : $"{name}_{count}";
    }

    private static OnnxInitializer Small<T>(
        string name,
        OnnxElement element,
        long[] shape,
        IReadOnlyList<T> values,
        Func<T, byte[]> bytes
    )
    {
        byte[] data = [.. values.SelectMany(bytes)];
        return new OnnxInitializer(name, element, shape, data.Length, stream => stream.Write(data));
    }
}
