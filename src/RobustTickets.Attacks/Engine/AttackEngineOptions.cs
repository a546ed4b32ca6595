namespace RobustTickets.Attacks.Engine;

/// <summary>How fast an attack runs; nothing here changes an outcome.</summary>
/// <param name="BatchSize">Texts per call of the victim, at most.</param>
/// <param name="EncoderBatchSize">Texts per call of a sentence encoder, and questions per call of a
/// masked language model, at most.</param>
/// <param name="Concurrency">Examples attacked at the same time.</param>
/// <param name="Threads">Threads for word-level work; 0: all processors.</param>
/// <param name="InOrder">Deliver outcomes in the order of the examples; otherwise each as soon as
/// it is there. A run that is cancelled or fails delivers what is finished by then, in order and
/// without the examples that are not, before its exception.</param>
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
/// What a run has cost so far. Unlike outcomes, these numbers depend on batches and concurrency.
/// </summary>
/// <param name="ExamplesFinished">Examples whose attack ended.</param>
/// <param name="Queries">Queries, as TextAttack counts them.</param>
/// <param name="VictimBatches">Calls of the victim.</param>
/// <param name="VictimRows">Texts sent to the victim, identical texts of one batch once.</param>
/// <param name="EncoderBatches">Calls of sentence encoders.</param>
/// <param name="EncoderRows">Texts sent to sentence encoders.</param>
/// <param name="VictimTime">Time inside the victim.</param>
/// <param name="EncoderTime">Time inside the sentence encoders.</param>
/// <param name="MaskedBatches">Calls of masked language models.</param>
/// <param name="MaskedRows">Questions to masked language models.</param>
/// <param name="MaskedTime">Time inside masked language models.</param>
/// <param name="StepTime">Time in the examples' own steps: word-level work, spread over
/// threads.</param>
/// <param name="PrepareTime">Time for what is done once for the words of all examples.</param>
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
