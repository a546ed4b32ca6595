using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>A LayerNorm.</summary>
/// <param name="Weight">Scale [H].</param>
/// <param name="Bias">Shift [H].</param>
internal sealed record CompiledNorm(Tensor Weight, Tensor Bias);

/// <summary>The embedding tables and the LayerNorm of their sum.</summary>
/// <param name="Words">[V, H].</param>
/// <param name="Types">[types, H].</param>
/// <param name="Positions">[positions, H].</param>
/// <param name="Norm">The LayerNorm.</param>
internal sealed record CompiledEmbeddings(Tensor Words, Tensor Types, Tensor Positions, CompiledNorm Norm);

/// <summary>One layer.</summary>
/// <param name="Projections">Query, key and value projections of H inputs: one matrix of 3 A
/// outputs, or A and 2 A if a caller may need only [CLS] rows.</param>
/// <param name="Heads">Number of heads; A is heads times head size.</param>
/// <param name="Attended">Output projection of attention [H, A].</param>
/// <param name="AttendedNorm">LayerNorm after attention.</param>
/// <param name="Neurons">First FFN matrix [F, H].</param>
/// <param name="Output">Second FFN matrix [H, F].</param>
/// <param name="OutputNorm">LayerNorm after the FFN.</param>
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
