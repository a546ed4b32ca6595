// Which forms of a model training begins from: an ONNX file is run, not trained.
using RobustTickets.Checkpoints;
using RobustTickets.OnnxRuntime;
using RobustTickets.Runs;

namespace RobustTickets.Cli;

internal static class TrainableModel
{
    /// <summary>Refuses an ONNX file, or a folder whose model is one.</summary>
    /// <exception cref="UsageException">It is one.</exception>
    public static void Require(string model, string option = "--model")
    {
        var path = RunFolder.ModelOf(ModelStore.OfUser().Locate(model));
        if (new OnnxModels().Knows(path))
            throw new UsageException(
                $"{option} {model}: an ONNX model is not trained; 'robust-tickets models import --onnx FILE --vocab "
                    + "vocab.txt --out DIR' makes a folder of it that is"
            );
    }
}
