// Training in the convex hull of neighbours (docs/methods/augmentation.md): a word's embedding is a
// mixture of its own and its neighbours' (DNE, Zhou et al. 2021), updated by K ascent steps (ASCC,
// Dong et al. 2021); then one pass trains.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>The hull objective.</summary>
/// <param name="options">Initial weights and ascent steps.</param>
/// <param name="hulls">Neighbours as token ids.</param>
internal sealed class Hull(HullOptions options, WordHulls hulls) : IObjective
{
    /// <inheritdoc/>
    public ObjectiveResult Accumulate(
        BertForSequenceClassification model,
        BertInputs inputs,
        RandomKey step,
        Func<Tensor>? penalty
    )
    {
        using var scope = torch.scope();
        var batch = inputs.Batch;
        var words = hulls.In(batch);
        var mixture = new HullMixture(
            words,
            batch.Ids,
            Embeddings(model, batch, words),
            model.Config.Hidden,
            word =>
                HullMixture.Dirichlet(
                    step.Derive(RandomStreams.Step.Hull).Derive(batch.ExampleIds[word.Example]).Derive(word.Place),
                    options.OwnAlpha,
                    options.Alpha,
                    word.Neighbours.Length
                )
        );
        var log = new LossLog();
        if (options.Steps > 0)
        {
            using var frozen = new FrozenParameters(model, inputs);
            // The loss is a mean over the whole batch; the entropy is per example.
            var sparsity = options.Sparsity * inputs.Loss.Share / batch.Count;
            for (var t = 0; t < options.Steps; t++)
            {
                using var ascent = torch.scope();
                var climbed = Delta(mixture, batch, model.Config.Hidden, inputs.Ids.device);
                climbed.requires_grad_(true);
                var ascended = model.Loss(inputs, new PassOptions(Training: true, step.Derive(t), climbed));
                ascended.backward();
                mixture.Ascend(climbed.grad!.host<float>().ToArray(), options.StepSize, sparsity);
                log.Add(ascent, ascended, null);
            }
        }
        using var pass = torch.scope();
        var delta = Delta(mixture, batch, model.Config.Hidden, inputs.Ids.device);
        var trained = new PassOptions(Training: true, step.Derive(options.Steps), delta);
        var crossEntropy = model.Loss(inputs, trained with { LayerDone = inputs.Loss.LayerDone });
        log.Backward(pass, crossEntropy, crossEntropy, penalty);
        var passes = options.Steps + 1;
        var (losses, total) = log.Read();
        return new ObjectiveResult(total, losses, new PassCounts(passes, passes, 1));
    }

    private static Tensor Delta(HullMixture mixture, PackedBatch batch, int hidden, Device device) =>
        torch.tensor<float>(mixture.Delta(), batch.Tokens, hidden).to(device);

    // The embedding rows of the step, read once and treated as constants: the word's own row
    // receives the whole gradient (a deviation).
    private static Func<long, ReadOnlyMemory<float>> Embeddings(
        BertForSequenceClassification model,
        PackedBatch batch,
        IReadOnlyList<HullWord> words
    )
    {
        long[] ids =
        [
            .. words
                .SelectMany(w => w.Neighbours)
                .SelectMany(n => n)
                .Select(id => (long)id)
                .Concat(batch.Ids)
                .Distinct(),
        ];
        var place = new Dictionary<long, int>(ids.Length);
        foreach (var id in ids)
            place[id] = place.Count;
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var table = model.Store[BertParameters.WordEmbeddings];
        var rows = table.index_select(0, torch.vector(ids, table.device)).host<float>().ToArray();
        var hidden = model.Config.Hidden;
        return id => rows.AsMemory(place[id] * hidden, hidden);
    }
}
