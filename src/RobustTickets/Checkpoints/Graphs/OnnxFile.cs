// Opens an ONNX file: parses the message and checks its constants; GraphReader interprets the
// graph.
using Google.Protobuf;
using Onnx;

namespace RobustTickets.Checkpoints.Graphs;

/// <summary>An ONNX model in memory.</summary>
/// <param name="Path">The file.</param>
/// <param name="Graph">Its graph.</param>
/// <param name="Opset">Version of the standard operators.</param>
/// <param name="Metadata">Metadata written by the exporter.</param>
internal sealed record OnnxFile(string Path, GraphProto Graph, long Opset, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The folder of external data files.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, unreadable, or not an ONNX
    /// model.</exception>
    public static OnnxFile Open(string path)
    {
        if (Directory.Exists(path))
            throw new CheckpointException($"{path}: is a folder; an .onnx file is needed");
        if (!File.Exists(path))
            throw new CheckpointException($"{path}: no such file; an .onnx file is needed");
        ModelProto model;
        try
        {
            using var stream = File.OpenRead(path);
            if (stream.Length > int.MaxValue)
                throw new CheckpointException(
                    $"{path}: has {stream.Length} bytes; an ONNX file has at most 2 GiB (larger weights are separate)"
                );
            model = ModelProto.Parser.ParseFrom(stream);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: is not an ONNX model, or is truncated: {e.Message}", e);
        }
        if (model.Graph is null || model.Graph.Node.Count == 0)
            throw new CheckpointException($"{path}: is not an ONNX model: it holds no graph with nodes");
        if (model.Graph.SparseInitializer.Count > 0)
            throw new CheckpointException(
                $"{path}: holds {model.Graph.SparseInitializer.Count} sparse constants; only dense ones are supported"
            );
        return new OnnxFile(
            path,
            model.Graph,
            model.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Select(o => o.Version).FirstOrDefault(),
            model
                .MetadataProps.GroupBy(p => p.Key, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => g.First().Value, StringComparer.Ordinal)
        );
    }
}
