using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>A LayerNorm.</summary>
/// <param name="Weight">Scale [H].</param>
/// <param name="Bias">Shift [H].</param>
internal sealed record CompiledNorm(Tensor Weight, Tensor Bias);

/// <summary>The embeddings, whose sum a norm follows.</summary>
/// <param name="Words">[V, H].</param>
/// <param name="Types">[types, H].</param>
/// <param name="Positions">[positions, H].</param>
/// <param name="Norm">The norm.</param>
internal sealed record CompiledEmbeddings(Tensor Words, Tensor Types, Tensor Positions, CompiledNorm Norm);

/// <summary>One layer.</summary>
/// <param name="Projections">Queries, keys and values of H inputs: one matrix of 3 A outputs, or A
/// and 2 A where a caller may ask for [CLS] rows only.</param>
/// <param name="Heads">Heads; A is heads times head size.</param>
/// <param name="Attended">Output projection of attention [H, A].</param>
/// <param name="AttendedNorm">The norm behind it.</param>
/// <param name="Neurons">Rows of the neurons [F, H].</param>
/// <param name="Output">Columns of the neurons [H, F].</param>
/// <param name="OutputNorm">The norm behind them.</param>
/// <param name="HeadCoefficients">[heads], or null.</param>
/// <param name="NeuronCoefficients">[F], or null.</param>
internal sealed record CompiledLayer(
    IReadOnlyList<PackedWeight> Projections,
    int Heads,
    PackedWeight Attended,
    CompiledNorm AttendedNorm,
    PackedWeight Neurons,
    PackedWeight Output,
    CompiledNorm OutputNorm,
    Tensor? HeadCoefficients,
    Tensor? NeuronCoefficients
);
