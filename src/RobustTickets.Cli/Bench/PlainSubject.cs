// The baseline of `bench`: the same network and AdamW, operator by operator, on the same libtorch
// in fp32, every batch padded to its longest text. Shares no kernel or set-up with the rest.
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Cli.Bench;

/// <summary>
/// Clean and FreeLB steps without optimisations: libtorch's own dropout, dense gradients, clipping,
/// and <c>torch.optim</c> without its fused implementations.
/// </summary>
internal sealed class PlainSubject : IBenchSubject
{
    private const double Rate = 1e-6,
        Beta1 = 0.9,
        Beta2 = 0.999,
        Guard = 1e-8,
        Clip = 1.0;
    private readonly ParameterStore _store;
    private readonly BertConfig _config;
    private readonly EncodedExample[][] _batches;
    private readonly Dictionary<string, (Tensor First, Tensor Second)> _moments = [];
    private readonly int _passes;
    private readonly bool _forwardOnly;
    private int _step;

    internal PlainSubject(BenchPlan plan, ParameterStore store, BertConfig config, int warmUps)
    {
        (_store, _config, _batches) = (store, config, [.. plan.Texts(config, warmUps).Chunk(plan.Batch)]);
        (_passes, _forwardOnly) = (plan.Step == "freelb" ? plan.Passes : 1, plan.ForwardOnly);
        if (_forwardOnly)
            return;
        store.RequireGradient(_ => true);
        foreach (var name in store.Names)
            _moments[name] = (torch.zeros_like(store[name]).keep(), torch.zeros_like(store[name]).keep());
    }

    public StepWork Step()
    {
        using var scope = torch.scope();
        var texts = _batches[_step++ % _batches.Length];
        var batch = PackedBatch.From(texts);
        var (ids, segments, mask) = Pad(texts, batch.Longest);
        var labels = torch.vector(batch.Labels, _store.Device);
        var work = new StepWork(
            texts.Length,
            batch.Tokens,
            texts.Length * batch.Longest,
            FlopCount.Step(
                _config,
                batch,
                new PassCounts(_passes, _forwardOnly ? 0 : _passes, _forwardOnly ? 0 : _passes)
            )
        );
        if (_forwardOnly)
        {
            using var quiet = torch.no_grad();
            Forward(ids, segments, mask, null, training: false).to_array();
            return work;
        }
        var delta = torch.zeros([texts.Length, batch.Longest, _config.Hidden], DType.Float32, _store.Device);
        for (var t = 0; t < _passes; t++)
        {
            using var pass = torch.scope();
            if (_passes > 1)
                delta.requires_grad_(true);
            var loss =
                functional.cross_entropy(
                    Forward(ids, segments, mask, _passes > 1 ? delta : null, training: true),
                    labels
                ) / _passes;
            loss.backward();
            if (_passes == 1)
                continue;
            using var quiet = torch.no_grad();
            var gradient = delta.grad!;
            var norm = gradient
                .reshape(texts.Length, -1)
                .square()
                .sum([1])
                .sqrt()
                .clamp(1e-8, null)
                .reshape(texts.Length, 1, 1);
            delta.add_(gradient / norm, 0.03);
            delta.grad = null;
        }
        Update();
        return work;
    }

    /// <summary>Logits [B, C] in evaluation mode.</summary>
    internal Tensor Logits(EncodedExample[] texts)
    {
        var (ids, segments, mask) = Pad(texts, texts.Max(t => t.Ids.Length));
        return Forward(ids, segments, mask, null, training: false);
    }

    private (Tensor Ids, Tensor Segments, Tensor Mask) Pad(EncodedExample[] texts, int longest)
    {
        long[] ids = new long[texts.Length * longest],
            segments = new long[ids.Length];
        var mask = new float[ids.Length];
        Array.Fill(mask, -10000f);
        for (var b = 0; b < texts.Length; b++)
        {
            for (var i = 0; i < texts[b].Ids.Length; i++)
            {
                ids[(b * longest) + i] = texts[b].Ids[i];
                mask[(b * longest) + i] = 0;
            }
        }
        var device = _store.Device;
        return (
            torch.tensor<long>(ids, [texts.Length, longest], device),
            torch.tensor<long>(segments, [texts.Length, longest], device),
            torch.tensor<float>(mask, [texts.Length, 1, 1, longest], device)
        );
    }

    private Tensor Forward(Tensor ids, Tensor segments, Tensor mask, Tensor? delta, bool training)
    {
        long count = ids.size(0),
            longest = ids.size(1);
        var x = functional.embedding(_store[BertParameters.WordEmbeddings], ids, _config.PadId);
        if (delta is not null)
            x = x + delta;
        x =
            x
            + functional.embedding(_store[BertParameters.TypeEmbeddings], segments)
            + functional.embedding(
                _store[BertParameters.PositionEmbeddings],
                torch.arange(0, longest, 1, DType.Int64, _store.Device).reshape(1, longest)
            );
        x = Drop(Norm(x, BertParameters.EmbeddingNorm));
        for (var l = 0; l < _config.Layers; l++)
        {
            int heads = _config.HeadsPerLayer[l],
                width = _config.HeadSize;
            var layer = BertParameters.Layer(l);
            Tensor q = Split(Linear(x, layer.Query)),
                k = Split(Linear(x, layer.Key)),
                v = Split(Linear(x, layer.Value));
            var probabilities = Drop(((q.matmul(k.transpose(2, 3)) / Math.Sqrt(width)) + mask).softmax(-1));
            var context = probabilities.matmul(v).transpose(1, 2).reshape(count, longest, (long)heads * width);
            x = Norm(Drop(Linear(context, layer.AttentionOutput)) + x, layer.AttentionNorm);
            x = Norm(Drop(Linear(functional.gelu(Linear(x, layer.Intermediate)), layer.Output)) + x, layer.OutputNorm);

            Tensor Split(Tensor t) => t.reshape(count, longest, heads, width).transpose(1, 2);
        }
        return Linear(Drop(Linear(x.select(1, 0), BertParameters.Pooler).tanh()), BertParameters.Classifier);

        Tensor Linear(Tensor t, string name) =>
            functional.linear(t, _store[BertParameters.Weight(name)], _store[BertParameters.Bias(name)]);
        Tensor Norm(Tensor t, string name) =>
            functional.layer_norm(
                t,
                [_config.Hidden],
                _store[BertParameters.Weight(name)],
                _store[BertParameters.Bias(name)],
                _config.LayerNormEpsilon
            );
        Tensor Drop(Tensor t) => training ? functional.dropout(t, _config.HiddenDropout, training: true) : t;
    }

    private void Update()
    {
        using var quiet = torch.no_grad();
        var squares = 0.0;
        foreach (var name in _store.Names)
            squares += Math.Pow(_store[name].grad!.norm().item<float>(), 2);
        var factor = Math.Min(1, Clip / (Math.Sqrt(squares) + 1e-6));
        var size = Rate * Math.Sqrt(1 - Math.Pow(Beta2, _step)) / (1 - Math.Pow(Beta1, _step));
        foreach (var name in _store.Names)
        {
            using var inner = torch.scope();
            var (first, second) = _moments[name];
            var gradient = _store[name].grad!.mul_(factor);
            first.mul_(Beta1).add_(gradient, 1 - Beta1);
            second.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
            _store[name].detach().addcdiv_(first, second.sqrt().add_(Guard), -size);
        }
        _store.ClearGradients();
    }

    public void Dispose()
    {
        foreach (var (first, second) in _moments.Values)
        {
            first.Dispose();
            second.Dispose();
        }
    }
}
