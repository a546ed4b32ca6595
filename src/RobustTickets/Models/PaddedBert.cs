// The slow, obvious reference: every example padded to the longest, attention by plain tensor
// operations, the additive mask of -10000. It takes and returns packed rows so that tests can put
// it beside the fast path; in between all is [B, S, .].
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Models;

/// <summary>BERT as the textbooks write it.</summary>
internal static class PaddedBert
{
    /// <summary>Hidden states of the last layer for the real word pieces, packed [T, H].</summary>
    internal static Tensor Encode(
        ParameterStore store,
        BertConfig config,
        BertGates? gates,
        IWeightMasks? masks,
        BertInputs inputs,
        PassOptions pass,
        int padTo = 0
    )
    {
        var run = new Run(store, config, gates, masks, inputs, pass, padTo);
        return run.Unpad(run.Encode());
    }

    private sealed class Run
    {
        private readonly ParameterStore _store;
        private readonly BertConfig _config;
        private readonly BertGates? _gates;
        private readonly IWeightMasks? _masks;
        private readonly BertInputs _inputs;
        private readonly PassOptions _pass;
        private readonly PackedBatch _batch;
        private readonly int _s;
        private readonly Tensor _padIndex; // [B*S] packed row of each cell; padding points at row 0 and is masked
        private readonly Tensor _realCells; // [T] cell of each packed row
        private readonly Tensor _attentionMask; // [B, 1, 1, S]

        internal Run(
            ParameterStore store,
            BertConfig config,
            BertGates? gates,
            IWeightMasks? masks,
            BertInputs inputs,
            PassOptions pass,
            int padTo
        )
        {
            (_store, _config, _gates, _masks, _inputs, _pass, _batch) = (
                store,
                config,
                gates,
                masks,
                inputs,
                pass,
                inputs.Batch
            );
            _s = Math.Max(_batch.Longest, padTo);
            var cells = new long[_batch.Count * _s];
            var real = new long[_batch.Tokens];
            var mask = new float[cells.Length];
            for (var b = 0; b < _batch.Count; b++)
            {
                for (var i = 0; i < _s; i++)
                {
                    var row = _batch.Offsets[b] + i;
                    var cell = (b * _s) + i;
                    if (row < _batch.Offsets[b + 1])
                        (cells[cell], real[row]) = (row, cell);
                    else
                        mask[cell] = -10000f;
                }
            }
            var device = store.Device;
            _padIndex = torch.vector(cells, device);
            _realCells = torch.vector(real, device);
            _attentionMask = torch.tensor<float>(mask, [_batch.Count, 1, 1, _s], device);
        }

        /// <summary>[B, S, H] back to packed rows [T, H].</summary>
        internal Tensor Unpad(Tensor x) => x.reshape(-1, x.shape[^1]).index_select(0, _realCells);

        internal Tensor Encode()
        {
            var words = _inputs.LookUpWords(_store, _config);
            if (_pass.Delta is not null)
                words = words + _pass.Delta;
            var types = _pass.TokenTypes ? _inputs.Segments : torch.zeros([_batch.Tokens], DType.Int64, _store.Device);
            var x =
                words
                + _store[BertParameters.TypeEmbeddings].index_select(0, types)
                + _store[BertParameters.PositionEmbeddings].index_select(0, _inputs.Positions);
            x = x.index_select(0, _padIndex).reshape(_batch.Count, _s, _config.Hidden);
            x = Drop(Norm(x, "bert.embeddings.LayerNorm"), DropoutSite.Embeddings);
            Tap("hidden.0", x);
            for (var l = 0; l < _config.Layers; l++)
                x = Layer(l, x);
            return x;
        }

        private Tensor Layer(int l, Tensor x)
        {
            int heads = _config.HeadsPerLayer[l],
                dh = _config.HeadSize,
                b = _batch.Count;
            var self = _store.Root / BertParameters.LayerPrefix(l) / "attention" / "self";
            var q = Split(Linear(x, self / "query")); // [B, h, S, d_h]
            var k = Split(Linear(x, self / "key"));
            var v = Split(Linear(x, self / "value"));
            var scores = (q.matmul(k.transpose(2, 3)) * (1.0 / Math.Sqrt(dh))) + _attentionMask; // [B, h, S, S]
            var probabilities = scores.softmax(-1);
            if (_pass.Training && _config.AttentionDropout > 0)
                probabilities = probabilities * ProbabilityMask(l, heads);
            if (_gates?.Heads[l] is { } cH)
                probabilities = probabilities * cH.reshape(1, heads, 1, 1);
            var context = probabilities.matmul(v).transpose(1, 2).reshape(b, _s, (long)heads * dh); // [B, S, h*d_h]

            var output = _store.Root / BertParameters.LayerPrefix(l) / "attention" / "output";
            var attended = Norm(
                Drop(Linear(context, output / "dense"), DropoutSite.AttentionOutput(l)) + x,
                output.Name("LayerNorm")
            );
            Tap($"attention_out.{l}", attended);
            var activated = Activations.Apply(
                _config.Activation,
                Linear(attended, _store.Root / BertParameters.NeuronRows(l))
            );
            if (_gates?.Neurons[l] is { } cF)
                activated = activated * cF;
            var fed = Drop(
                Linear(activated, _store.Root / BertParameters.LayerPrefix(l) / "output" / "dense"),
                DropoutSite.FeedForwardOutput(l)
            );
            var y = Norm(fed + attended, $"{BertParameters.LayerPrefix(l)}.output.LayerNorm");
            Tap($"hidden.{l + 1}", y);
            return y;

            Tensor Split(Tensor t) => t.reshape(b, _s, heads, dh).transpose(1, 2);
        }

        private Tensor Linear(Tensor x, ParameterPath at) => MaskedLinear.Apply(x, at, _masks, _pass);

        private Tensor Norm(Tensor x, string name) =>
            functional.layer_norm(
                x,
                [_config.Hidden],
                _store[BertParameters.Weight(name)],
                _store[BertParameters.Bias(name)],
                _config.LayerNormEpsilon
            );

        private Tensor Drop(Tensor x, int site)
        {
            if (!_pass.Training || _config.HiddenDropout <= 0)
                return x;
            var key = _pass.Key.Derive(site);
            var rows = new RandomKey[_batch.Count * _s];
            for (var r = 0; r < rows.Length; r++)
                rows[r] = key.Derive(_batch.ExampleIds[r / _s]).Derive(r % _s);
            return KeyedDropout.Apply(x, rows, _config.HiddenDropout);
        }

        private Tensor ProbabilityMask(int l, int heads)
        {
            var key = _pass.Key.Derive(DropoutSite.AttentionProbabilities(l));
            var rows = new RandomKey[_batch.Count * heads * _s];
            for (var r = 0; r < rows.Length; r++)
            {
                var (b, h, i) = (r / (heads * _s), r / _s % heads, r % _s);
                rows[r] = key.Derive(_batch.ExampleIds[b]).Derive(i).Derive(h);
            }
            return KeyedDropout.Factors([_batch.Count, heads, _s, _s], rows, _config.AttentionDropout, _store.Device);
        }

        private void Tap(string name, Tensor padded) => _pass.Tap?.Invoke(name, Unpad(padded));
    }
}
