// Inputs and outputs of a graph: ValueInfoProto and the messages within it.
namespace RobustTickets.OnnxRuntime.Files;

/// <summary>Reads declared inputs and outputs.</summary>
internal sealed class OnnxValueParser(OnnxCursor cursor)
{
    /// <summary>Reads one input or output.</summary>
    /// <param name="end">End of its message.</param>
    public OnnxValueInfo Read(long end)
    {
        var name = "";
        var element = -1;
        List<long?>? shape = null;
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 2):
                    name = cursor.Text(end);
                    break;
                case (2, 2):
                    (element, shape) = ReadType(cursor.Inner(end));
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        return new OnnxValueInfo(name, element, shape);
    }

    private (int Element, List<long?>? Shape) ReadType(long end)
    {
        var found = (-1, (List<long?>?)null);
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            if ((number, wire) == (1, 2))
                found = ReadTensorType(cursor.Inner(end));
            else
                cursor.Skip(wire, end);
        }
        return found;
    }

    private (int Element, List<long?>? Shape) ReadTensorType(long end)
    {
        var element = -1;
        List<long?>? shape = null;
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            switch (number, wire)
            {
                case (1, 0):
                    element = (int)Math.Min(cursor.Varint(end), 255);
                    break;
                case (2, 2):
                    shape = ReadShape(cursor.Inner(end));
                    break;
                default:
                    cursor.Skip(wire, end);
                    break;
            }
        }
        return (element, shape);
    }

    private List<long?> ReadShape(long end)
    {
        var shape = new List<long?>();
        while (cursor.More(end))
        {
            var (number, wire) = cursor.Key(end);
            if ((number, wire) != (1, 2))
            {
                cursor.Skip(wire, end);
                continue;
            }
            long? size = null;
            var inner = cursor.Inner(end);
            while (cursor.More(inner))
            {
                var (field, kind) = cursor.Key(inner);
                if ((field, kind) == (1, 0))
                    size = (long)cursor.Varint(inner);
                else
                    cursor.Skip(kind, inner);
            }
            // Some exporters write a dynamic dimension as -1 or 0.
            shape.Add(size is > 0 ? size : null);
        }
        return shape;
    }
}
