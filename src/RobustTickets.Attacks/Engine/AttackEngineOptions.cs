namespace RobustTickets.Attacks.Engine;

/// <summary>Performance options of an attack; none affects an outcome.</summary>
/// <param name="BatchSize">Maximum texts per call of the victim.</param>
/// <param name="EncoderBatchSize">Maximum texts per call of a sentence encoder, and questions per
/// call of a masked language model.</param>
/// <param name="Concurrency">Number of examples attacked concurrently; fewer while the texts that
/// rank their words (a copy of the text per word) would take more than 1 GiB.</param>
/// <param name="Threads">Threads for word-level work; 0: all processors.</param>
/// <param name="InOrder">Deliver outcomes in the order of the examples; otherwise as soon as they
/// are finished. A run that is cancelled or fails delivers the outcomes finished so far, in order,
/// before its exception.</param>
public sealed record AttackEngineOptions(
    int BatchSize = 64,
    int EncoderBatchSize = 64,
    int Concurrency = 64,
    int Threads = 0,
    bool InOrder = true
)
{
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(EncoderBatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Concurrency, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
    }
}

/// <summary>
/// Cost of a run so far. Unlike outcomes, these numbers depend on batches and concurrency.
/// </summary>
/// <param name="ExamplesFinished">Examples whose attack ended.</param>
/// <param name="Queries">Queries, as TextAttack counts them.</param>
/// <param name="VictimBatches">Calls of the victim.</param>
/// <param name="VictimRows">Texts sent to the victim; duplicates within a batch count once.</param>
/// <param name="EncoderBatches">Calls of sentence encoders.</param>
/// <param name="EncoderRows">Texts sent to sentence encoders.</param>
/// <param name="VictimTime">Time inside the victim.</param>
/// <param name="EncoderTime">Time inside the sentence encoders.</param>
/// <param name="MaskedBatches">Calls of masked language models.</param>
/// <param name="MaskedRows">Questions to masked language models.</param>
/// <param name="MaskedTime">Time inside masked language models.</param>
/// <param name="StepTime">Time in the examples' own steps: word-level work, spread over
/// threads.</param>
/// <param name="PrepareTime">Time of the one-time preparation for the words of all
/// examples.</param>
public sealed record AttackStatistics(
    int ExamplesFinished,
    long Queries,
    long VictimBatches,
    long VictimRows,
    long EncoderBatches,
    long EncoderRows,
    TimeSpan VictimTime,
    TimeSpan EncoderTime,
    long MaskedBatches = 0,
    long MaskedRows = 0,
    TimeSpan MaskedTime = default,
    TimeSpan StepTime = default,
    TimeSpan PrepareTime = default
);
