// Layer functions under PyTorch's names: torch.nn.functional.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>How a loss over examples is reduced.</summary>
internal enum Reduction
{
    /// <summary>One value per example.</summary>
    None = 0,

    /// <summary>The mean.</summary>
    Mean = 1,

    /// <summary>The sum.</summary>
    Sum = 2,
}

internal static partial class torch
{
    /// <summary>PyTorch's <c>torch.nn</c>.</summary>
    public static class nn
    {
        /// <summary>PyTorch's <c>torch.nn.functional</c>.</summary>
        public static class functional
        {
            /// <summary>
            /// input [*, in] x weight [out, in] transposed + bias [out] -> [*, out].
            /// </summary>
            public static Tensor linear(Tensor input, Tensor weight, Tensor? bias = null)
            {
                var call = new OpCall(Ops.Linear);
                call.Add(input);
                call.Add(weight);
                call.Add(bias);
                return call.Tensor();
            }

            /// <summary>
            /// Normalises the last dimensions to mean 0 and variance 1 (biased), then scales and
            /// shifts.
            /// </summary>
            /// <param name="input">[*, normalizedShape].</param>
            /// <param name="normalizedShape">The last dimensions.</param>
            /// <param name="weight">Scale, of normalizedShape, or null.</param>
            /// <param name="bias">Shift, of normalizedShape, or null.</param>
            /// <param name="eps">Added to the variance; BERT uses 1e-12.</param>
            public static Tensor layer_norm(
                Tensor input,
                ReadOnlySpan<long> normalizedShape,
                Tensor? weight = null,
                Tensor? bias = null,
                double eps = 1e-5
            )
            {
                var call = new OpCall(Ops.LayerNorm);
                call.Add(input);
                call.Add(normalizedShape);
                call.Add(weight);
                call.Add(bias);
                call.Add(eps);
                return call.Tensor();
            }

            /// <summary>
            /// Rows of weight [rows, H] by index; ids is Int64 of any shape [*] -> [*, H]. The row
            /// <paramref name="padding_idx"/> gets no gradient.
            /// </summary>
            public static Tensor embedding(Tensor weight, Tensor ids, long padding_idx = -1)
            {
                var call = new OpCall(Ops.Embedding);
                call.Add(weight);
                call.Add(ids);
                call.Add(padding_idx);
                return call.Tensor();
            }

            /// <summary>Cross entropy of logits [n, classes] against labels Int64 [n].</summary>
            /// <param name="logits">[n, classes].</param>
            /// <param name="labels">Int64 [n].</param>
            /// <param name="reduction">Mean over the examples that are not ignored, their sum, or
            /// [n].</param>
            /// <param name="ignore_index">Label of ignored examples.</param>
            /// <param name="label_smoothing">Fraction of the target spread over all
            /// classes.</param>
            public static Tensor cross_entropy(
                Tensor logits,
                Tensor labels,
                Reduction reduction = Reduction.Mean,
                long ignore_index = -100,
                double label_smoothing = 0
            )
            {
                var call = new OpCall(Ops.CrossEntropy);
                call.Add(logits);
                call.Add(labels);
                call.AddNone();
                call.Add((long)(int)reduction);
                call.Add(ignore_index);
                call.Add(label_smoothing);
                return call.Tensor();
            }

            /// <summary>Exact GELU, see <see cref="Tensor.gelu"/>.</summary>
            public static Tensor gelu(Tensor input) => input.gelu();

            /// <summary>Softmax along <paramref name="dim"/>.</summary>
            public static Tensor softmax(Tensor input, int dim) => input.softmax(dim);

            /// <summary>
            /// Dropout with libtorch's sequential generator. Training uses keyed masks instead;
            /// this is for comparison.
            /// </summary>
            public static Tensor dropout(Tensor input, double p, bool training)
            {
                var call = new OpCall(Ops.Dropout);
                call.Add(input);
                call.Add(p);
                call.Add(training);
                return call.Tensor();
            }
        }
    }
}
