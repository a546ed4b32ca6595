// The slow reference implementation: examples padded to the longest, attention by plain tensor
// operations with an additive mask of -10000. Inputs and outputs are packed rows, so that tests
// can compare it with the fast path; intermediate tensors are [B, S, .].
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Models;

/// <summary>Reference BERT on padded batches.</summary>
internal static class PaddedBert
{
    /// <summary>Hidden states of the last layer for the real tokens, packed [T, H].</summary>
    internal static Tensor Encode(BertEncoder encoder, BertInputs inputs, PassOptions pass)
    {
        var run = new Run(encoder, inputs, pass);
        return run.Unpad(run.Encode());
    }

    private sealed class Run
    {
        private readonly BertEncoder _encoder;
        private readonly BertConfig _config;
        private readonly BertInputs _inputs;
        private readonly PassOptions _pass;
        private readonly PackedBatch _batch;
        private readonly Device _device;
        private readonly int _s;
        private readonly Tensor _padIndex; // [B*S] packed row of each cell; padding points at row 0 and is masked
        private readonly Tensor _realCells; // [T] cell of each packed row
        private readonly Tensor _attentionMask; // [B, 1, 1, S]

        internal Run(BertEncoder encoder, BertInputs inputs, PassOptions pass)
        {
            (_encoder, _config, _inputs, _pass) = (encoder, encoder.Config, inputs, pass);
            (_batch, _device) = (inputs.Batch, encoder.Store.Device);
            _s = Math.Max(_batch.Longest, encoder.Execution.PadTo);
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
            _padIndex = torch.vector(cells, _device);
            _realCells = torch.vector(real, _device);
            _attentionMask = torch.tensor<float>(mask, [_batch.Count, 1, 1, _s], _device);
        }

        /// <summary>[B, S, H] back to packed rows [T, H].</summary>
        internal Tensor Unpad(Tensor x) => x.reshape(-1, x.shape[^1]).index_select(0, _realCells);

        internal Tensor Encode()
        {
            var words = _inputs.LookUpWords(_encoder.Store, _config);
            if (_pass.Delta is not null)
                words = words + _pass.Delta;
            var types = _pass.TokenTypes ? _inputs.Segments : torch.zeros([_batch.Tokens], DType.Int64, _device);
            var tables = _encoder.Weights.Embeddings;
            var x = words + tables.Types.index_select(0, types) + tables.Positions.index_select(0, _inputs.Positions);
            x = x.index_select(0, _padIndex).reshape(_batch.Count, _s, _config.Hidden);
            x = Drop(tables.Norm.Apply(x, _config), DropoutSite.Embeddings);
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
            var w = _encoder.Weights.Layer(l, _encoder.Masks, _pass);
            var q = Split(w.Query.Apply(x)); // [B, h, S, d_h]
            var k = Split(w.Key.Apply(x));
            var v = Split(w.Value.Apply(x));
            var scores = (q.matmul(k.transpose(2, 3)) * (1.0 / Math.Sqrt(dh))) + _attentionMask; // [B, h, S, S]
            var probabilities = scores.softmax(-1);
            if (_pass.Training && _config.AttentionDropout > 0)
                probabilities = probabilities * ProbabilityMask(l, heads);
            if (_encoder.Coefficients?.Heads[l] is { } cH)
                probabilities = probabilities * cH.reshape(1, heads, 1, 1);
            var context = probabilities.matmul(v).transpose(1, 2).reshape(b, _s, (long)heads * dh); // [B, S, h*d_h]

            var attended = w.AttentionNorm.Apply(
                Drop(w.AttentionOutput.Apply(context), DropoutSite.AttentionOutput(l)) + x,
                _config
            );
            Tap($"attention_out.{l}", attended);
            var activated = Activations.Apply(_config.Activation, w.Intermediate.Apply(attended));
            if (_encoder.Coefficients?.Neurons[l] is { } cF)
                activated = activated * cF;
            var fed = Drop(w.Output.Apply(activated), DropoutSite.FeedForwardOutput(l));
            var y = w.OutputNorm.Apply(fed + attended, _config);
            Tap($"hidden.{l + 1}", y);
            return y;

            Tensor Split(Tensor t) => t.reshape(b, _s, heads, dh).transpose(1, 2);
        }

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
            return KeyedDropout.Factors([_batch.Count, heads, _s, _s], rows, _config.AttentionDropout, _device);
        }

        private void Tap(string name, Tensor padded) => _pass.Tap?.Invoke(name, Unpad(padded));
    }
}
