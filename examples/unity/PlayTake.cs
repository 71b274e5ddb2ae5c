// Play a take in Unity: put hello.glb (with glTFast or UnityGLTF), hello.anim and hello.wav into Assets,
// drag the head into a scene, add this script to its root (the parent of "Head") and set the two fields.
using UnityEngine;
using UnityEngine.Animations;
using UnityEngine.Playables;

[RequireComponent(typeof(Animator), typeof(AudioSource))]
public class PlayTake : MonoBehaviour
{
    public AnimationClip take;
    public AudioClip sound;
    PlayableGraph graph;

    void Start()
    {
        var source = GetComponent<AudioSource>();
        source.clip = sound;
        graph = PlayableGraph.Create("Mien");
        var output = AnimationPlayableOutput.Create(graph, "Face", GetComponent<Animator>());
        output.SetSourcePlayable(AnimationClipPlayable.Create(graph, take));
        source.Play();
        graph.Play();
    }

    void OnDestroy() => graph.Destroy();
}
