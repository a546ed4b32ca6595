// A finished run as a value: its result, its folder, the examples it reports on, its model.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>A finished run. It holds texts and figures; the model lies in its folder.</summary>
public sealed class TrainedRun
{
    private TrainedRun(RunFolder folder, RunResult result, EvaluationExamples evaluation)
    {
        (Folder, Result, Evaluation) = (folder, result, evaluation);
    }

    /// <summary>The run folder with everything that was written.</summary>
    public RunFolder Folder { get; }

    /// <summary>What the run found, as <c>result.json</c> holds it.</summary>
    public RunResult Result { get; }

    /// <summary>
    /// The examples whose accuracy is reported: the labelled test split, else the development
    /// split, else the part held out of the training file. Nothing was chosen on them.
    /// </summary>
    public EvaluationExamples Evaluation { get; }

    /// <summary>The trained classifier; whoever loads it disposes of it.</summary>
    /// <param name="execution">Device, precision, threads; null: this machine's CPU in
    /// float32.</param>
    /// <param name="maxLength">Length limit in word pieces; null takes the tokenizer's, at most the
    /// positions of the model.</param>
    /// <exception cref="RequestException">The execution is not offered on this machine.</exception>
    /// <exception cref="CheckpointException">The folder's model is missing or broken.</exception>
    public Classifier LoadClassifier(Execution? execution = null, int? maxLength = null)
    {
        execution?.Apply();
        return Classifier.Load(Folder.ModelFolder, execution, maxLength);
    }

    internal static TrainedRun Of(TrainRequest request, RunResult result, CancellationToken stop)
    {
        var data = RunData.Load(request, WordPieceTokenizer.Load(request.Model), stop);
        return new TrainedRun(
            RunFolder.Open(request.Output),
            result,
            new EvaluationExamples(data.EvaluationTexts, data.EvaluationName)
        );
    }
}
