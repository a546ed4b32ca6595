// The pending questions of all running examples: one queue for the victim and one per sentence
// encoder and masked language model. Full batches are served at once; a partial one, from the
// longest queue, only when no example can proceed without it.

namespace RobustTickets.Attacks.Engine;

internal sealed class ModelQueues(ModelGate gate, AttackEngineOptions options)
{
    private readonly AnswerQueue<TextPair> _victim = new();
    private readonly Dictionary<ISentenceEncoder, AnswerQueue<string>> _encoders = new(
        ReferenceEqualityComparer.Instance
    );
    private readonly Dictionary<IMaskedLanguageModel, AnswerQueue<MaskedQuestion>> _masked = new(
        ReferenceEqualityComparer.Instance
    );

    /// <summary>Queues the model outputs an example needs next.</summary>
    public void Ask(ExampleRun run)
    {
        foreach (var text in run.NeededVerdicts)
            _victim.Ask(run, text);
        foreach (var (encoder, text) in run.NeededVectors)
            Of(_encoders, encoder).Ask(run, text);
        foreach (var (model, question) in run.NeededTokens)
            Of(_masked, model).Ask(run, question);
    }

    /// <summary>
    /// Serves one batch of the longest queue that has enough questions. False when none was served.
    /// </summary>
    /// <param name="partial">Whether a batch may be smaller than the batch size.</param>
    public bool Serve(bool partial)
    {
        var longest = 0;
        Action? send = null;
        void Offer(int waiting, int batch, Action serve)
        {
            if (waiting < (partial ? 1 : batch) || waiting <= longest)
                return;
            (longest, send) = (waiting, serve);
        }
        foreach (var (model, queue) in _masked)
            Offer(
                queue.Count,
                options.EncoderBatchSize,
                () => gate.Predict(model, queue.Take(options.EncoderBatchSize))
            );
        foreach (var (encoder, queue) in _encoders)
            Offer(
                queue.Count,
                options.EncoderBatchSize,
                () => gate.Encode(encoder, queue.Take(options.EncoderBatchSize))
            );
        Offer(_victim.Count, options.BatchSize, () => gate.Predict(_victim.Take(options.BatchSize)));
        send?.Invoke();
        return send is not null;
    }

    private static AnswerQueue<TKey> Of<TModel, TKey>(Dictionary<TModel, AnswerQueue<TKey>> queues, TModel model)
        where TModel : notnull
        where TKey : notnull
    {
        if (!queues.TryGetValue(model, out var queue))
            queues.Add(model, queue = new AnswerQueue<TKey>());
        return queue;
    }
}
