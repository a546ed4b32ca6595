// Nodes and constants of the exporter.
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace RobustTickets.Tests.Checkpoints.Graphs;

internal sealed partial class OnnxBert
{
    private static float[] Transposed(long[] shape, float[] values)
    {
        var turned = new float[values.Length];
        for (long r = 0; r < shape[0]; r++)
        for (long c = 0; c < shape[1]; c++)
            turned[(c * shape[0]) + r] = values[(r * shape[1]) + c];
        return turned;
    }

    private string New() => $"onnx::{_names++}";

    private string Weight(string name) => Tensor(_weights[name].Shape, _weights[name].Values);

    private string Tensor(long[] shape, float[] values)
    {
        var tensor = new TensorProto
        {
            Dims = { shape },
            DataType = (int)(Is(OnnxStyle.Half) ? DataType.Float16 : DataType.Float),
        };
        var halves = Array.ConvertAll(values, v => BitConverter.HalfToUInt16Bits((Half)v));
        var bytes = Is(OnnxStyle.Half)
            ? MemoryMarshal.AsBytes<ushort>(halves).ToArray()
            : MemoryMarshal.AsBytes<float>(values).ToArray();
        if (Is(OnnxStyle.External))
        {
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "model.data" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{_external.Length}" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = $"{bytes.Length}" });
            _external.Write(bytes);
        }
        else if (!Is(OnnxStyle.Typed))
            tensor.RawData = ByteString.CopyFrom(bytes);
        else if (Is(OnnxStyle.Half))
            tensor.Int32Data.AddRange(halves.Select(h => (int)h));
        else
            tensor.FloatData.AddRange(values);
        return Constant(tensor);
    }

    private string Scalar(float value) =>
        Constant(new TensorProto { DataType = (int)DataType.Float, FloatData = { value } });

    private string Longs(long[] shape, params long[] values) =>
        Constant(
            new TensorProto
            {
                Dims = { shape },
                DataType = (int)DataType.Int64,
                Int64Data = { values },
            }
        );

    private string Constant(TensorProto tensor)
    {
        var name = New();
        if (Is(OnnxStyle.ConstantNodes))
        {
            var node = new NodeProto { OpType = "Constant", Output = { name } };
            node.Attribute.Add(
                new AttributeProto
                {
                    Name = "value",
                    T = tensor,
                    Type = AttributeProto.Types.AttributeType.Tensor,
                }
            );
            Graph.Node.Add(node);
        }
        else
        {
            tensor.Name = name;
            Graph.Initializer.Add(tensor);
        }
        return name;
    }

    private string Node(string type, params string[] inputs) => Node(type, [], inputs);

    private string Node(string type, (string Name, object Value)[] attributes, params string[] inputs)
    {
        var output = New();
        Add(type, attributes, inputs, [output]);
        return output;
    }

    private void Add(string type, (string Name, object Value)[] attributes, string[] inputs, string[] outputs)
    {
        var own = type is "Attention" or "BiasGelu" or "SkipLayerNormalization" or "EmbedLayerNormalization";
        var node = new NodeProto { OpType = type, Domain = own ? "com.microsoft" : "" };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        foreach (var (name, value) in attributes)
        {
            var a = new AttributeProto { Name = name };
            if (value is long i)
                a.I = i;
            else if (value is float f)
                a.F = f;
            else
                a.Ints.AddRange((long[])value);
            node.Attribute.Add(a);
        }
        Graph.Node.Add(node);
    }
}
