import { Component, type ComponentChild, type ComponentType, type FunctionComponent, h } from "preact";

/** A component that is rendered again only if one of its properties has changed. */
export function memo<P extends object>(component: FunctionComponent<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const names = Object.keys(next) as (keyof P)[];
      return names.some((name) => next[name] !== (this.props as P)[name]);
    }

    override render(): ComponentChild {
      return h(component, this.props as P);
    }
  };
}
