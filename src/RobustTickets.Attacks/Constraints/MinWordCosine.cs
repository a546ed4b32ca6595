// TextAttack `WordEmbeddingDistance`: the cosine between the vectors of the original word and of
// its substitute, both lower-cased. Unknown words pass.

using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Constraints;

/// <summary>A substitute's vector must be close to the original word's.</summary>
/// <param name="Vectors">The word vectors.</param>
/// <param name="Minimum">Smallest cosine that passes.</param>
public sealed record MinWordCosine(WordVectors Vectors, double Minimum) : WordConstraint
{
    /// <inheritdoc/>
    public override string Name => "word-cosine";

    /// <inheritdoc/>
    public override bool ComparesWithOriginal => true;

    /// <inheritdoc/>
    public override bool Accepts(AttackedText reference, int position, string word)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var a = Vectors.IndexOf(PythonText.Lower(reference.WordArray[position]));
        var b = Vectors.IndexOf(PythonText.Lower(word));
        return a < 0 || b < 0 || Vectors.Cosine(a, b) >= Minimum;
    }
}
