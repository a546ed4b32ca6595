// Rejects models that cannot be trained: ONNX files are inference-only.
using RobustTickets.Cli.Terminal;
using RobustTickets.OnnxRuntime;
using RobustTickets.Runs;

namespace RobustTickets.Cli;

internal static class TrainableModel
{
    /// <summary>Throws for an ONNX file, or a folder whose model is one.</summary>
    /// <exception cref="UsageException">The model is an ONNX file.</exception>
    public static void Require(string model, string option = "--model")
    {
        var path = RunFolder.LocateModel(model);
        if (new OnnxModels().Knows(path))
            throw new UsageException(
                $"{option} {model}: an ONNX model cannot be trained; convert it to a model folder that can, with "
                    + $"'{ProgramName.Value} models import --onnx FILE --vocab vocab.txt --out DIR'"
            );
    }
}
